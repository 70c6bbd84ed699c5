import Crypto
import Foundation

/// SHA-256 over a canonical form of rows, which protobuf's own bytes are not.
///
/// A row is, little-endian, doubles and floats by bit pattern: example u32, flops_reduction f64,
/// flops_reduction_with_head f64, tokens u64, number of choices u32, then for each choice loglikelihood f64,
/// greedy u8 (0 or 1), tokens u32, margin f32. A batch is the number of rows as u32, then its rows in order.
/// Two rows have one digest exactly when every field is equal bit for bit; so −0 differs from 0.
public enum RowDigest {
    /// The 32 bytes for one row, by which stored and repeated rows are compared.
    public static func of(_ row: WireRow) -> Data {
        var bytes: [UInt8] = []
        append(row, to: &bytes)
        return Data(SHA256.hash(data: bytes))
    }

    /// The 32 bytes for a batch of rows, as in Scores.
    public static func of(_ rows: [WireRow]) -> Data {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 + rows.count * 128)
        append(UInt32(rows.count), to: &bytes)
        for row in rows { append(row, to: &bytes) }
        return Data(SHA256.hash(data: bytes))
    }

    private static func append(_ row: WireRow, to bytes: inout [UInt8]) {
        append(row.example, to: &bytes)
        append(row.flopsReduction.bitPattern, to: &bytes)
        append(row.flopsReductionWithHead.bitPattern, to: &bytes)
        append(row.tokens, to: &bytes)
        append(UInt32(row.choices.count), to: &bytes)
        for choice in row.choices {
            append(choice.loglikelihood.bitPattern, to: &bytes)
            bytes.append(choice.greedy ? 1 : 0)
            append(choice.tokens, to: &bytes)
            append(choice.margin.bitPattern, to: &bytes)
        }
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

extension WireScores {
    /// Sets the digest from the rows.
    public mutating func seal() { digest = RowDigest.of(rows) }

    /// Whether the digest is that of the rows.
    public var isSealed: Bool { digest == RowDigest.of(rows) }
}
