import Benchmarks
import Store

/// What was measured of one model under one reduction.
public struct CellMeasurement: Sendable {
    public let cell: CellRecord
    public let measure: Measure
    /// Nil while nothing was measured.
    public let figures: MeasurementRecord?
    /// The share of the prompts' FLOPs that the schedule saves, 0…1, without the head; nil without figures.
    public let flopsReduction: Double?
    /// The same with the head for every row.
    public let flopsReductionWithHead: Double?
    /// What measured it.
    public let engine: ScoringEngine?
    /// Why there is no figure, where it was given up.
    public let failure: String?

    init(_ cell: CellRecord, _ measure: Measure, _ view: StoreView, failures: [FailureRecord]) throws {
        self.cell = cell
        self.measure = measure
        figures = try view.measurement(cell: cell.id)
        let score = try view.scores(cell: cell.id).first
        flopsReduction = score?.flopsReduction
        flopsReductionWithHead = score?.flopsReductionWithHead
        engine = score.map { ScoringEngine(build: $0.build, kernels: $0.engine) }
        failure = failures.first { $0.cell == cell.ordinal }?.detail
    }

    /// Weights and the most that all else took at once, in bytes.
    public var peakBytes: Int? { figures.map { $0.weightBytes + $0.activationBytes } }

    /// New tokens of all sequences by the time of reading the prompts and all steps: of the generation whose time is the
    /// median.
    public var tokensPerSecond: Double? {
        spans(\.seconds).map { Double(measure.batch * (measure.newTokens ?? 0)) / $0 }
    }

    /// Of the generations, each part's median.
    public var promptSeconds: Double? { spans(\.promptSeconds) }
    /// The same of the steps.
    public var stepSeconds: Double? { spans(\.stepSeconds) }

    /// An unreduced generation's time by that of the reduced one after it: the median of the pairs.
    public var speedUp: Double? { median(speedUps) }

    /// The least and the largest of the pairs.
    public var speedUpRange: ClosedRange<Double>? {
        guard let least = speedUps.min(), let most = speedUps.max() else { return nil }
        return least...most
    }

    private var speedUps: [Double] {
        (figures?.passes ?? []).filter { $0.seconds > 0 }.map { $0.plainSeconds / $0.seconds }
    }

    private func spans(_ span: (MeasurementRecord.Pass) -> Double) -> Double? {
        median((figures?.passes ?? []).map(span)).flatMap { $0 > 0 ? $0 : nil }
    }
}

extension RunReport {
    /// What share of the unreduced peak a measurement saves, 0…1; nil without both. Measured in the same run, of the same
    /// model in the same precision.
    public func peakReduction(_ measurement: CellMeasurement) -> Double? {
        let cell = measurement.cell
        let base = measurements.first { other in
            other.measure == measurement.measure && other.cell.model == cell.model
                && other.cell.precision == cell.precision && ReductionSettings(other.cell.reduction).method == "none"
        }
        guard measurement.measure.kind == .memory, let base = base?.peakBytes, base > 0,
            let peak = measurement.peakBytes
        else { return nil }
        return 1 - Double(peak) / Double(base)
    }

    /// What the paper's figures print for a measurement.
    func printed(_ measurement: CellMeasurement) -> Double? {
        let settings = ReductionSettings(measurement.cell.reduction)
        guard settings.method == "utrc", let flops = settings["flops"]?.number, measurement.measure.logits != .last,
            let shape = models.first(where: { $0.id == measurement.cell.model })?.publishedShape
        else { return nil }
        return PrintedFigures.value(of: measurement.measure.kind, model: shape, flops: flops)
    }

    /// The measures of the run, in the manifest's order.
    var measures: [Measure] { measurements.map(\.measure).firstOccurrences }

    /// The models that were measured with random weights.
    var randomModels: [String] { models.filter { $0.random != nil }.map(\.id) }
}

/// The middle value; of an even number the mean of the two in the middle. Nil of none.
private func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
