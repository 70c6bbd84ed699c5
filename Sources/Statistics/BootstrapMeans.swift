import Dispatch

/// The means of resamples with replacement, in lm-evaluation-harness's order and with its bits.
///
/// Resamples come in chunks of up to a thousand; chunk `i` draws from Python's `random.Random(i).choices`, and what is
/// left of `iterations` beyond whole chunks is not drawn.
public func bootstrapMeans(_ values: [Double], iterations: Int) -> [Double] {
    bootstrapMeans(of: [values], iterations: iterations)[0]
}

/// The means of resamples of several series of one length, of each what ``bootstrapMeans(_:iterations:)`` gives.
///
/// Which places are drawn depends on the length alone, so that series share the draws, which cost more than the sums.
/// Four chunks run in step, so that their sums do not wait for one another, and groups of four on all processors;
/// neither changes a sum.
public func bootstrapMeans(of series: [[Double]], iterations: Int) -> [[Double]] {
    let count = series.first?.count ?? 0
    precondition(series.allSatisfy { $0.count == count }, "series that share their draws have one length")
    guard iterations > 0, count > 0 else { return series.map { _ in [] } }
    if series.count == 1 {
        return resampledSums(series, iterations: iterations).map { sums in sums.map { $0 / Double(count) } }
    }
    let sums = resampledSums(columns(of: series, count: count), iterations: iterations)
    return series.indices.map { place in
        sums[place / columnWidth].map { $0[place % columnWidth] / Double(count) }
    }
}

/// How many series are summed together.
private let columnWidth = 4

/// Series side by side, zeros beside the last ones.
private func columns(of series: [[Double]], count: Int) -> [[SIMD4<Double>]] {
    stride(from: 0, to: series.count, by: columnWidth).map { first in
        var column = [SIMD4<Double>](repeating: .zero, count: count)
        for (lane, values) in series.dropFirst(first).prefix(columnWidth).enumerated() {
            for (row, value) in values.enumerated() { column[row][lane] = value }
        }
        return column
    }
}

/// What a resample sums: a series' value, or those of several at one place.
private protocol Addend: Sendable {
    /// Zero.
    init()
    static func += (sum: inout Self, addend: Self)
}

extension Double: Addend {}
extension SIMD4: Addend where Scalar == Double {}

/// Of each column the sums of its resamples, from left to right as they are drawn.
private func resampledSums<Value: Addend>(_ columns: [[Value]], iterations: Int) -> [[Value]] {
    let chunkSize = min(1000, iterations)
    let chunkCount = iterations / chunkSize
    let lanes = MersenneTwisters.laneCount
    let groupCount = (chunkCount + lanes - 1) / lanes
    let padded = groupCount * lanes * chunkSize
    let sums = [Value](unsafeUninitializedCapacity: padded * columns.count) { buffer, initializedCount in
        nonisolated(unsafe) let sums = buffer
        DispatchQueue.concurrentPerform(iterations: groupCount) { group in
            var draws = SharedDraws(group: group, count: columns[0].count)
            for resample in 0..<chunkSize {
                for (column, lane) in draws.nextSums(columns).enumerated() {
                    let first = column * padded + group * lanes * chunkSize + resample
                    sums.initializeElement(at: first, to: lane.0)
                    sums.initializeElement(at: first + chunkSize, to: lane.1)
                    sums.initializeElement(at: first + 2 * chunkSize, to: lane.2)
                    sums.initializeElement(at: first + 3 * chunkSize, to: lane.3)
                }
            }
        }
        initializedCount = padded * columns.count
    }
    return columns.indices.map { Array(sums[($0 * padded)...].prefix(chunkCount * chunkSize)) }
}

/// The draws of four chunks, which all columns take.
private struct SharedDraws {
    private var generators: MersenneTwisters
    private let count: Int
    private var places = [MersenneTwisters.Words](repeating: .zero, count: MersenneTwisters.blockSize)
    private var used = MersenneTwisters.blockSize

    init(group: Int, count: Int) {
        let first = group * MersenneTwisters.laneCount
        generators = MersenneTwisters(seeds: (0..<MersenneTwisters.laneCount).map { UInt32(first + $0) })
        self.count = count
    }

    /// The sums of the next resample of each chunk, for every column.
    @inline(__always)
    mutating func nextSums<Value: Addend>(_ columns: [[Value]]) -> [(Value, Value, Value, Value)] {
        var sums = columns.map { _ in (Value(), Value(), Value(), Value()) }
        var missing = count
        while missing > 0 {
            if used == places.count {
                places.withUnsafeMutableBufferPointer { generators.nextPlaces(below: UInt32(count), into: $0) }
                used = 0
            }
            let rows = used..<min(places.count, used + missing)
            for column in columns.indices { add(columns[column], at: places, rows: rows, to: &sums[column]) }
            used = rows.upperBound
            missing -= rows.count
        }
        return sums
    }
}

/// Adds to each chunk's sum the values at its places, row after row.
@inline(__always)
private func add<Value: Addend>(
    _ values: [Value], at places: [MersenneTwisters.Words], rows: Range<Int>,
    to sums: inout (Value, Value, Value, Value)
) {
    values.withUnsafeBufferPointer { values in
        places.withUnsafeBufferPointer { places in
            var total = sums
            for row in rows {
                let place = places[row]
                total.0 += values[Int(place[0])]
                total.1 += values[Int(place[1])]
                total.2 += values[Int(place[2])]
                total.3 += values[Int(place[3])]
            }
            sums = total
        }
    }
}
