import Foundation
import Wire

/// The bytes in which the store keeps an example's choices, so that every bit survives, NaN and −∞ too.
///
/// Per choice, little-endian: loglikelihood f64, tokens u32, margin f32, greedy u8.
enum ChoiceCoding {
    static let stride = 17

    /// Gives a closure the bytes; they are valid during the call only.
    static func with<Result>(
        _ choices: [WireRow.Choice], _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try withUnsafeTemporaryAllocation(byteCount: choices.count * stride, alignment: 8) { buffer in
            for (index, choice) in choices.enumerated() {
                let start = index * stride
                buffer.storeBytes(
                    of: choice.loglikelihood.bitPattern.littleEndian, toByteOffset: start, as: UInt64.self)
                buffer.storeBytes(of: choice.tokens.littleEndian, toByteOffset: start + 8, as: UInt32.self)
                buffer.storeBytes(of: choice.margin.bitPattern.littleEndian, toByteOffset: start + 12, as: UInt32.self)
                buffer.storeBytes(of: choice.greedy ? 1 : 0, toByteOffset: start + 16, as: UInt8.self)
            }
            return try body(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Nil for bytes that `encode` cannot have made.
    static func decode(_ data: Data) -> [ChoiceScore]? {
        guard data.count.isMultiple(of: stride) else { return nil }
        return data.withUnsafeBytes { buffer in
            (0..<data.count / stride).map { index in
                let start = index * stride
                let loglikelihood = buffer.loadUnaligned(fromByteOffset: start, as: UInt64.self)
                let tokens = buffer.loadUnaligned(fromByteOffset: start + 8, as: UInt32.self)
                let margin = buffer.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self)
                return ChoiceScore(
                    loglikelihood: Double(bitPattern: UInt64(littleEndian: loglikelihood)),
                    greedy: buffer[start + 16] != 0, tokens: Int(UInt32(littleEndian: tokens)),
                    margin: Float(bitPattern: UInt32(littleEndian: margin)))
            }
        }
    }
}
