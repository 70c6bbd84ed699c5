import Benchmarks
import OrderedJSON
import Statistics
import Store

/// A run as one side of a comparison.
public struct ComparableRun: Sendable {
    /// The run.
    public let run: RunRecord
    let cells: [ComparableCell]

    /// Reads a run's rows; one consistent state if `view` is.
    public init(_ view: StoreView, run: String) throws {
        let source = try RunCells(view, run: run)
        self.run = source.run
        cells = try source.map(source.comparable)
    }

    /// The labels of its reductions, in the manifest's order.
    public var labels: [String] { cells.map(\.side.label).firstOccurrences }

    /// The cells of one reduction, named by its label, its canonical JSON, or its method where only one has that.
    fileprivate func cells(of name: String) throws(ComparisonError) -> [ComparableCell] {
        for matches: (Comparison.Side) -> Bool in [
            { $0.label == name }, { $0.reduction == name },
            { ReductionLabels.settings($0.reduction)["method"] == name },
        ] {
            let found = cells.filter { matches($0.side) }
            if Set(found.map(\.side.reduction)).count == 1 { return found }
        }
        throw .unknownReduction(name, run: run.run, known: labels)
    }
}

/// Two runs, or two reductions of one run, cell against cell.
public struct ComparisonOfRuns: Sendable {
    /// The run that is compared against.
    public let baseline: RunRecord
    /// The run that is compared; may be the same.
    public let candidate: RunRecord
    /// One family a model and precision.
    public let families: [ComparisonFamily]
    /// Cells of either run that have no partner.
    public let unmatched: [String]

    /// Pairs the cells of equal benchmark, model, reduction and precision.
    ///
    /// Of model, reduction and precision, what each side has exactly one of need not be equal: a run of `none` is compared
    /// with a run of one method, and a model with another. `between` names the reductions to take, the baseline's first.
    /// - Throws: ``ComparisonError`` where nothing pairs, or what pairs must not be compared.
    public init(
        baseline: ComparableRun, candidate: ComparableRun, between: (baseline: String, candidate: String)? = nil,
        resamples: Int = PairedMean.resamples
    ) throws(ComparisonError) {
        self.baseline = baseline.run
        self.candidate = candidate.run
        let first = try between.map { names throws(ComparisonError) in try baseline.cells(of: names.baseline) }
        let second = try between.map { names throws(ComparisonError) in try candidate.cells(of: names.candidate) }
        let pairing = Pairing(first ?? baseline.cells, second ?? candidate.cells)
        guard !pairing.pairs.isEmpty else {
            throw .nothingInCommon(
                baseline: baseline.run.run, candidate: candidate.run.run, baselineCells: baseline.labels,
                candidateCells: candidate.labels)
        }
        unmatched = pairing.unmatched

        var comparisons: [Comparison] = []
        for (baseline, candidate) in pairing.pairs {
            comparisons.append(try Comparison(baseline: baseline, candidate: candidate, resamples: resamples))
        }
        families = ComparisonOfRuns.families(comparisons)
    }

    /// Whether a compared cell lacks rows of its manifest.
    public var isPartial: Bool { families.contains { $0.comparisons.contains(where: \.isPartial) } }

    /// The comparison for a terminal; with `heading`, which comes before each title, for a Markdown file.
    public func text(heading: String = "", flips: Bool = false) -> String {
        let texts = families.map { $0.text(heading: heading, flips: flips) }
        let write = ComparisonFamily.writing(heading: heading)
        let rest = unmatched.map { write("not compared: \($0)") + "\n" }
        return texts.joined(separator: "\n") + (rest.isEmpty ? "" : "\n" + rest.joined())
    }

    /// The comparison for scripts: one JSON object, on one line, or indented.
    public func json(indent: Int? = nil) -> String {
        JSONText.object([
            ("baseline", .string(baseline.run)), ("candidate", .string(candidate.run)),
            ("partial", .bool(isPartial)), ("families", .array(families.map(\.json))),
            ("unmatched", .array(unmatched.map(JSONText.string))),
        ]).text(indent: indent)
    }

    /// By model and precision of both sides, in the order of the comparisons.
    private static func families(_ comparisons: [Comparison]) -> [ComparisonFamily] {
        var order: [[String]] = []
        var groups: [[String]: [Comparison]] = [:]
        for comparison in comparisons {
            let (first, second) = (comparison.baseline, comparison.candidate)
            let key = [first.model, second.model, first.precision, second.precision]
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(comparison)
        }
        return order.compactMap { key in
            guard let members = groups[key], let sample = members.first else { return nil }
            let (first, second) = (sample.baseline, sample.candidate)
            let isOneRun = first.run == second.run
            let sides = isOneRun ? (first.label, second.label) : (first.run, second.run)
            let title = [
                key[0] == key[1] ? key[0] : "\(key[1]) against \(key[0])",
                key[2] == key[3] ? key[2] : "\(key[3]) against \(key[2])",
            ].joined(separator: ", ")
            return ComparisonFamily(
                question: .chosen,
                title: title + ": " + (sides.0 == sides.1 ? "a run against itself" : "\(sides.1) against \(sides.0)"),
                baselineDescription: isOneRun ? sides.0 : "run \(sides.0)", comparisons: members)
        }
    }
}

/// Which cells of two sides belong together.
private struct Pairing {
    var pairs: [(ComparableCell, ComparableCell)] = []
    var unmatched: [String] = []

    init(_ baseline: [ComparableCell], _ candidate: [ComparableCell]) {
        let parts: [(Comparison.Side) -> String] = [{ $0.model }, { $0.reduction }, { $0.precision }]
        let deciding = parts.filter { part in
            [baseline, candidate].contains { cells in Set(cells.map { part($0.side) }).count != 1 }
        }
        func key(_ cell: ComparableCell) -> [String] {
            [cell.benchmark.rawValue] + deciding.map { $0(cell.side) }
        }
        let places = Dictionary(
            candidate.enumerated().map { (key($1), $0) }, uniquingKeysWith: { first, _ in first })
        var taken: Set<Int> = []
        for cell in baseline {
            if let place = places[key(cell)] {
                pairs.append((cell, candidate[place]))
                taken.insert(place)
            } else {
                unmatched.append(Pairing.name(cell))
            }
        }
        unmatched += candidate.indices.filter { !taken.contains($0) }.map { Pairing.name(candidate[$0]) }
    }

    private static func name(_ cell: ComparableCell) -> String {
        let side = cell.side
        return "\(side.run), \(side.model), \(side.label), \(side.precision), \(cell.benchmark.rawValue)"
    }
}
