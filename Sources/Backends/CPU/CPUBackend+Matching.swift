import CKernels
import Operations
import Synchronization

extension CPUBackend {
    /// Source rows whose similarities to all destinations are taken together.
    private static let matchRows = 96

    /// Destinations from which on rows in bytes save more than it costs to make them.
    private static let worthBytes = 96

    public func bestMatches(
        of features: CPUMatrix, sources: [Int], destinations: [Int], rectified: Bool
    ) throws -> [Match] {
        precondition(sources.isEmpty || !destinations.isEmpty, "sources without a destination")
        guard !sources.isEmpty else { return [] }
        let units = UnitRows(sources, of: features, rectified: rectified, on: self)
        let candidates = UnitRows(destinations, of: features, rectified: rectified, on: self)
        var best = Best(count: sources.count)
        if let matcher, destinations.count >= Self.worthBytes, features.columns <= Int(ck_byte_most_columns) {
            matchInBytes(matcher, units, candidates, into: &best)
        } else {
            units.prepare()
            candidates.prepare()
        }
        matchExactly(units, candidates, into: &best)
        return best.matches
    }

    /// What is known so far of each source; a destination of −1 where that is nothing.
    private struct Best {
        var destinations: [Int32]
        var similarities: [Float]

        init(count: Int) {
            destinations = Array(repeating: -1, count: count)
            similarities = Array(repeating: -.infinity, count: count)
        }

        var matches: [Match] {
            zip(destinations, similarities).map { Match(destination: Int($0), similarity: $1) }
        }
    }

    // MARK: By whole products

    /// Matches those of the sources that have no destination yet.
    private func matchExactly(_ sources: UnitRows, _ candidates: UnitRows, into best: inout Best) {
        let open = best.destinations.indices.filter { best.destinations[$0] < 0 }
        guard !open.isEmpty else { return }
        let rows = open.count == sources.count ? sources.matrix : gather(open, from: sources.matrix)
        let weight = CPUWeight(rows: candidates.matrix, backend: self)
        var folds = [ck_fold](repeating: ck_fold(), count: open.count)
        folds.withUnsafeMutableBufferPointer { folds in
            guard let folds = folds.baseAddress else { return }
            splitBlocks(open.count, work: open.count * weight.outputs * weight.inputs) {
                match(rows, $0, weight, into: folds + $0.lowerBound)
            }
        }
        for (source, fold) in zip(open, folds) {
            best.destinations[source] = fold.argmax
            best.similarities[source] = fold.maximum
        }
    }

    private func match(
        _ units: CPUMatrix, _ rows: Range<Int>, _ candidates: CPUWeight, into folds: UnsafeMutablePointer<ck_fold>
    ) {
        let stride = CPUMatrix.stride(of: candidates.outputs)
        withExtendedLifetime((units, candidates)) {
            withScratch(rows.count * stride) { tile in
                var product = ck_product(
                    x: units.row(rows.lowerBound), x_stride: units.stride, panels: candidates.values,
                    inputs: candidates.inputs, outputs: candidates.outputs, y: tile, y_stride: stride,
                    following: 0)
                kernels.product(&product, 0, rows.count, 0, candidates.panelCount)
                kernels.fold(tile, stride, rows.count, candidates.outputs, 0, folds, 1)
            }
        }
    }

    private func splitBlocks(_ count: Int, work: Int, _ body: (Range<Int>) -> Void) {
        split((count + Self.matchRows - 1) / Self.matchRows, work: work) { blocks in
            for block in blocks {
                body(block * Self.matchRows..<min(count, (block + 1) * Self.matchRows))
            }
        }
    }

    // MARK: By products of bytes

    /// Matches those sources for which few destinations are near the best; to the bit as whole products do.
    private func matchInBytes(
        _ matcher: Matcher, _ sources: UnitRows, _ candidates: UnitRows, into best: inout Best
    ) {
        let centre = candidates.centre()
        let sourceBytes = ByteRows(sources, about: centre, offset: 0, matcher)
        let candidateBytes = ByteRows(candidates, about: centre, offset: 128, matcher)
        let panels = CPUWeight(rows: candidateBytes.matrix, backend: self)
        var request = ck_match(
            columns: sources.matrix.columns, sources: sources.matrix.row(0), source_stride: sources.matrix.stride,
            source_rows: sourceBytes.rows, candidates: candidates.matrix.row(0),
            candidate_stride: candidates.matrix.stride, candidate_count: candidates.count,
            candidate_rows: candidateBytes.rows, centre_square: square(of: centre), candidate_panels: panels.values)
        let work = sources.count * candidates.count * sources.matrix.columns / 4
        withExtendedLifetime((sources, candidates, sourceBytes, candidateBytes, panels)) {
            best.destinations.withUnsafeMutableBufferPointer { destinations in
                best.similarities.withUnsafeMutableBufferPointer { similarities in
                    guard let destinations = destinations.baseAddress, let similarities = similarities.baseAddress
                    else { return }
                    withUnsafePointer(to: &request) { request in
                        match(request, sources.count, work, matcher, destinations, similarities)
                    }
                }
            }
        }
    }

    /// |x|₂² of a matrix's one row.
    private func square(of x: CPUMatrix) -> Float {
        withExtendedLifetime(x) { (0..<x.columns).reduce(0) { $0 + x.row(0)[$1] * x.row(0)[$1] } }
    }

    private func match(
        _ request: UnsafePointer<ck_match>, _ sources: Int, _ work: Int, _ matcher: Matcher,
        _ destinations: UnsafeMutablePointer<Int32>, _ similarities: UnsafeMutablePointer<Float>
    ) {
        let count = request.pointee.candidate_count
        let isHopeless = Atomic(false)
        splitBlocks(sources, work: work) { rows in
            // Where most rows of a block are too much alike, those of the next are, too.
            guard !isHopeless.load(ordering: .relaxed) else { return }
            withScratch(rows.count * ((count + 31) / 32 * 32) + 2 * ck_match_most(count)) { scratch in
                scratch.withMemoryRebound(to: Int32.self, capacity: 1) {
                    let open = matcher.match(
                        request, rows.lowerBound, rows.upperBound, $0, destinations, similarities)
                    if open > rows.count / 2 { isHopeless.store(true, ordering: .relaxed) }
                }
            }
        }
    }
}

/// Rows of a matrix, rectified if so asked, each divided by its norm.
private final class UnitRows {
    let matrix: CPUMatrix
    private let indices: [Int]
    private let features: CPUMatrix
    private let rectified: Bool
    let backend: CPUBackend

    var count: Int { indices.count }

    /// Rows whose values are undefined until they are prepared.
    init(_ indices: [Int], of features: CPUMatrix, rectified: Bool, on backend: CPUBackend) {
        precondition(indices.allSatisfy { $0 >= 0 && $0 < features.rows }, "rows of a matrix of \(features.rows)")
        matrix = backend.makeTight(rows: indices.count, columns: features.columns)
        self.indices = indices
        self.features = features
        self.rectified = rectified
        self.backend = backend
    }

    func prepare(_ row: Int) {
        backend.kernels.unit(features.row(indices[row]), features.columns, rectified ? 1 : 0, matrix.row(row))
    }

    /// Prepares all, and calls `body` for each while it is in cache, with scratch of so many floats.
    func prepare(scratch: Int = 0, _ body: (Int, UnsafeMutablePointer<Float>) -> Void = { _, _ in }) {
        withExtendedLifetime((features, matrix)) {
            backend.split(count, work: count * features.columns) { range in
                backend.withScratch(scratch) { scratch in
                    for row in range {
                        prepare(row)
                        body(row, scratch)
                    }
                }
            }
        }
    }

    /// About the mean of the rows: that of some of them.
    func centre() -> CPUMatrix {
        let some = stride(from: 0, to: count, by: max(1, count / 32)).map { $0 }
        for row in some { prepare(row) }
        let centre = backend.make(rows: 1, columns: matrix.columns)
        withExtendedLifetime((matrix, centre)) {
            backend.kernels.mean(matrix.row(0), matrix.stride, some, some.count, matrix.columns, centre.row(0))
        }
        return centre
    }
}

/// Rows in bytes, four of them as a float.
private struct ByteRows {
    let matrix: CPUMatrix
    let rows: ck_byte_rows
    private let values: CPUMatrix

    /// Prepares the rows, too.
    init(_ units: UnitRows, about centre: CPUMatrix, offset: Int32, _ matcher: Matcher) {
        let columns = units.matrix.columns
        let padded = (units.count + 31) / 32 * 32
        matrix = units.backend.makeTight(rows: units.count, columns: ck_byte_columns(columns) / 4)
        values = units.backend.zeros(rows: 5, columns: padded)
        let rows = ck_byte_rows(
            bytes: matrix.row(0), scales: values.row(0), residues: values.row(1), lengths: values.row(2),
            bases: values.row(3),
            sums: UnsafeMutableRawPointer(values.row(4)).assumingMemoryBound(to: Int32.self))
        for row in units.count..<padded { rows.residues[row] = .nan }
        withExtendedLifetime((matrix, values, centre)) {
            withUnsafePointer(to: rows) { rows in
                units.prepare(scratch: ck_byte_columns(columns)) { row, scratch in
                    matcher.round_to_bytes(
                        rows, row, units.matrix.row(row), centre.row(0), columns, offset, scratch)
                }
            }
        }
        self.rows = rows
    }
}
