import Crypto
import Foundation

/// SHA-256 over a canonical form of rows, which protobuf's own bytes are not.
///
/// A row is, little-endian, doubles and floats by bit pattern: example u32, flops_reduction f64,
/// flops_reduction_with_head f64, tokens u64, number of choices u32, then for each choice loglikelihood f64,
/// greedy u8 (0 or 1), tokens u32, margin f32; then, of a row with a measurement alone, weight_bytes u64,
/// activation_bytes u64, number of passes u32, and of each pass its four spans f64. A batch is the number of rows as u32,
/// then its rows in order.
/// Two rows have one digest exactly when every field is equal bit for bit; so −0 differs from 0.
public enum RowDigest {
    /// The 32 bytes for one row, by which stored and repeated rows are compared.
    public static func of(_ row: WireRow) -> Data { with(row) { Data($0) } }

    /// The 32 bytes for a batch of rows, as in Scores.
    public static func of(_ rows: [WireRow]) -> Data { Data(hash(rows)) }

    /// Gives a closure the 32 bytes for one row; they are valid during the call only.
    public static func with<Result>(_ row: WireRow, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
        -> Result
    {
        var writer = CanonicalWriter(capacity: length(of: row))
        return try writer.hash { $0.write(row) }.withUnsafeBytes(body)
    }

    fileprivate static func hash(_ rows: [WireRow]) -> SHA256Digest {
        var writer = CanonicalWriter(capacity: rows.reduce(4) { $0 + length(of: $1) })
        return writer.hash {
            $0.write(UInt32(rows.count))
            for row in rows { $0.write(row) }
        }
    }

    private static func length(of row: WireRow) -> Int {
        let measured = row.hasMeasurement ? 20 + 32 * row.measurement.passes.count : 0
        return 32 + 17 * row.choices.count + measured
    }
}

/// Writes the canonical form into memory that has just the room for it.
private struct CanonicalWriter {
    let capacity: Int
    private var next: UnsafeMutableRawPointer?

    init(capacity: Int) { self.capacity = capacity }

    mutating func hash(_ write: (inout CanonicalWriter) -> Void) -> SHA256Digest {
        withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 8) { memory in
            next = memory.baseAddress
            write(&self)
            next = nil
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(memory))
            return hash.finalize()
        }
    }

    mutating func write(_ row: WireRow) {
        write(row.example)
        write(row.flopsReduction.bitPattern)
        write(row.flopsReductionWithHead.bitPattern)
        write(row.tokens)
        write(UInt32(row.choices.count))
        for choice in row.choices {
            write(choice.loglikelihood.bitPattern)
            write(choice.greedy ? 1 : 0 as UInt8)
            write(choice.tokens)
            write(choice.margin.bitPattern)
        }
        if row.hasMeasurement { write(row.measurement) }
    }

    private mutating func write(_ measurement: WireMeasurement) {
        write(measurement.weightBytes)
        write(measurement.activationBytes)
        write(UInt32(measurement.passes.count))
        for pass in measurement.passes {
            write(pass.promptSeconds.bitPattern)
            write(pass.stepSeconds.bitPattern)
            write(pass.plainPromptSeconds.bitPattern)
            write(pass.plainStepSeconds.bitPattern)
        }
    }

    mutating func write<Value: FixedWidthInteger>(_ value: Value) {
        next?.storeBytes(of: value.littleEndian, as: Value.self)
        next = next?.advanced(by: MemoryLayout<Value>.size)
    }
}

extension WireScores {
    /// Sets the digest from the rows.
    public mutating func seal() { digest = RowDigest.of(rows) }

    /// Whether the digest is that of the rows.
    public var isSealed: Bool { RowDigest.hash(rows) == digest }
}
