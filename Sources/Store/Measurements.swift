import Cluster
import Foundation
import GRDB
import Wire

/// What a worker measured of a model under a reduction.
public struct MeasurementRecord: Sendable, Equatable {
    /// That the model's parameters took.
    public let weightBytes: Int
    /// The most that all else took at once.
    public let activationBytes: Int
    /// In the order in which they ran; none of a measure of memory.
    public let passes: [Pass]

    /// One timed generation, and one without reduction right before it; in seconds.
    public struct Pass: Sendable, Equatable {
        public let promptSeconds: Double
        public let stepSeconds: Double
        /// Without reduction, like what follows.
        public let plainPromptSeconds: Double
        public let plainStepSeconds: Double

        /// Of the generation under the reduction.
        public var seconds: Double { promptSeconds + stepSeconds }
        /// Of the one without.
        public var plainSeconds: Double { plainPromptSeconds + plainStepSeconds }
    }
}

extension StoreView {
    /// The measurement of a cell that measures; nil while there is none.
    public func measurement(cell: Int64) throws -> MeasurementRecord? {
        try Row.fetchOne(
            db, sql: "SELECT weight_bytes, activation_bytes, passes FROM measurements WHERE cell = ? ORDER BY example",
            arguments: [cell]
        ).map { row in
            let passes = try list(row[2], of: [Double].self)
            guard passes.allSatisfy({ $0.count == 4 }) else {
                throw StoreError.unreadable(path: path, detail: "a measurement's passes are not of four spans each")
            }
            return MeasurementRecord(
                weightBytes: row[0], activationBytes: row[1],
                passes: passes.map {
                    .init(
                        promptSeconds: $0[0], stepSeconds: $0[1], plainPromptSeconds: $0[2], plainStepSeconds: $0[3])
                })
        }
    }
}

extension ScoreWriter {
    /// Stores what was measured beside the row that was just inserted.
    func insert(_ measurement: WireMeasurement, example: UInt32) throws {
        let passes = measurement.passes.map {
            "[\($0.promptSeconds),\($0.stepSeconds),\($0.plainPromptSeconds),\($0.plainStepSeconds)]"
        }
        try statements.insertMeasurement.execute {
            $0.bind(place.cell)
            $0.bind(example)
            $0.bind(Int64(clamping: measurement.weightBytes))
            $0.bind(Int64(clamping: measurement.activationBytes))
            $0.bind("[\(passes.joined(separator: ","))]")
        }
    }

    /// Whether a row is what its example asks for: figures that are numbers, where something is to be measured, and else
    /// none.
    static func isWellFormed(_ row: WireRow, measures: Bool) -> Bool {
        guard row.hasMeasurement == measures else { return false }
        return row.measurement.passes.count <= 1000
            && row.measurement.passes.allSatisfy { pass in
                [pass.promptSeconds, pass.stepSeconds, pass.plainPromptSeconds, pass.plainStepSeconds]
                    .allSatisfy { $0.isFinite && $0 >= 0 }
            }
    }

    static let measurement = """
        INSERT INTO measurements (cell, example, weight_bytes, activation_bytes, passes) VALUES (?, ?, ?, ?, ?)
        """
}
