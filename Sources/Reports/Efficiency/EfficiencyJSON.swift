import OrderedJSON
import Store

extension RunReport {
    /// The measurements for scripts: bytes, seconds and shares of 0…1; null where there is no figure.
    var measurementsJSON: JSONText { .array(measurements.map(json)) }

    private func json(_ measurement: CellMeasurement) -> JSONText {
        let figures = measurement.figures
        let random = models.first { $0.id == measurement.cell.model }?.random != nil
        return .object([
            ("model", .string(measurement.cell.model)), ("reduction", .raw(measurement.cell.reduction)),
            ("precision", .string(measurement.cell.precision)), ("measure", .raw(measurement.measure.canonicalJSON)),
            ("name", .string(measurement.measure.name)), ("random_weights", .bool(random)),
            ("weight_bytes", .optional(figures?.weightBytes, JSONText.integer)),
            ("activation_bytes", .optional(figures?.activationBytes, JSONText.integer)),
            ("peak_bytes", .optional(measurement.peakBytes, JSONText.integer)),
            ("peak_reduction", .optional(peakReduction(measurement), JSONText.double)),
            ("tokens_per_second", .optional(measurement.tokensPerSecond, JSONText.double)),
            ("prompt_seconds", .optional(measurement.promptSeconds, JSONText.double)),
            ("step_seconds", .optional(measurement.stepSeconds, JSONText.double)),
            ("speed_up", .optional(measurement.speedUp, JSONText.double)),
            (
                "speed_up_range",
                .optional(measurement.speedUpRange) { .array([.double($0.lowerBound), .double($0.upperBound)]) }
            ),
            ("passes", .array((figures?.passes ?? []).map(RunReport.json))),
            ("flops_reduction", .optional(measurement.flopsReduction, JSONText.double)),
            ("flops_reduction_with_head", .optional(measurement.flopsReductionWithHead, JSONText.double)),
            ("printed", .optional(printed(measurement), JSONText.double)),
            ("failure", .optional(measurement.failure, JSONText.string)),
            ("engine", .optional(measurement.engine, \.json)),
        ])
    }

    private static func json(_ pass: MeasurementRecord.Pass) -> JSONText {
        .object([
            ("prompt_seconds", .double(pass.promptSeconds)), ("step_seconds", .double(pass.stepSeconds)),
            ("plain_prompt_seconds", .double(pass.plainPromptSeconds)),
            ("plain_step_seconds", .double(pass.plainStepSeconds)),
        ])
    }
}
