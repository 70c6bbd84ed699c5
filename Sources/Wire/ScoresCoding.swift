import Foundation

/// Scores in protobuf's encoding, without its general machinery, which would take most of the time that a row costs.
///
/// Both directions leave to swift-protobuf what they do not do themselves, and do the rest exactly as it does.
extension WireScores {
    private enum Tag {
        static let job = FieldKind.delimited.tag(1)
        static let epoch = FieldKind.varint.tag(2)
        static let batch = FieldKind.varint.tag(3)
        static let row = FieldKind.delimited.tag(4)
        static let digest = FieldKind.delimited.tag(5)
    }

    /// The message that a body encodes; nil when it has anything but known fields of the known kinds.
    static func decoded(_ body: UnsafeRawBufferPointer) -> WireScores? {
        var scores = WireScores()
        var reader = FieldReader(body)
        scores.rows.reserveCapacity(reader.count(of: Tag.row))
        while !reader.isAtEnd {
            switch reader.varint() {
            case Tag.job:
                guard let text = reader.delimited(), let job = String(validating: text, as: UTF8.self) else {
                    return nil
                }
                scores.job = job
            case Tag.epoch:
                guard let epoch = reader.varint() else { return nil }
                scores.epoch = epoch
            case Tag.batch:
                guard let batch = reader.varint() else { return nil }
                scores.batch = batch
            case Tag.row:
                guard let bytes = reader.delimited(), let row = WireRow.decoded(bytes) else { return nil }
                scores.rows.append(row)
            case Tag.digest:
                guard let bytes = reader.delimited() else { return nil }
                scores.digest = Data(bytes)
            default: return nil
            }
        }
        return scores
    }

    /// The body; nil for a message with fields that only swift-protobuf knows.
    var encoded: [UInt8]? {
        guard unknownFields.data.isEmpty, rows.allSatisfy(\.isPlain) else { return nil }
        let lengths = rows.map(\.encodedLength)
        let rowBytes = lengths.reduce(0) { $0 + 1 + FieldWriter.length(UInt64($1)) + $1 }
        var writer = FieldWriter(capacity: job.utf8.count + digest.count + 40 + rowBytes)
        if !job.isEmpty {
            writer.varint(Tag.job)
            writer.varint(UInt64(job.utf8.count))
            writer.append(job.utf8)
        }
        if epoch != 0 {
            writer.varint(Tag.epoch)
            writer.varint(epoch)
        }
        if batch != 0 {
            writer.varint(Tag.batch)
            writer.varint(batch)
        }
        for (row, length) in zip(rows, lengths) {
            writer.varint(Tag.row)
            writer.varint(UInt64(length))
            row.encode(to: &writer)
        }
        if !digest.isEmpty {
            writer.varint(Tag.digest)
            writer.varint(UInt64(digest.count))
            writer.append(digest)
        }
        return writer.bytes
    }
}

extension WireRow {
    private enum Tag {
        static let example = FieldKind.varint.tag(1)
        static let choice = FieldKind.delimited.tag(2)
        static let flopsReduction = FieldKind.fixed64.tag(3)
        static let flopsReductionWithHead = FieldKind.fixed64.tag(4)
        static let tokens = FieldKind.varint.tag(5)
    }

    fileprivate static func decoded(_ bytes: UnsafeRawBufferPointer) -> WireRow? {
        var row = WireRow()
        var reader = FieldReader(bytes)
        row.choices.reserveCapacity(reader.count(of: Tag.choice))
        while !reader.isAtEnd {
            switch reader.varint() {
            case Tag.example:
                guard let example = reader.varint().flatMap(UInt32.init(exactly:)) else { return nil }
                row.example = example
            case Tag.choice:
                guard let bytes = reader.delimited(), let choice = Choice.decoded(bytes) else { return nil }
                row.choices.append(choice)
            case Tag.flopsReduction:
                guard let bits: UInt64 = reader.fixed() else { return nil }
                row.flopsReduction = Double(bitPattern: bits)
            case Tag.flopsReductionWithHead:
                guard let bits: UInt64 = reader.fixed() else { return nil }
                row.flopsReductionWithHead = Double(bitPattern: bits)
            case Tag.tokens:
                guard let tokens = reader.varint() else { return nil }
                row.tokens = tokens
            default: return nil
            }
        }
        return row
    }

    fileprivate var isPlain: Bool {
        unknownFields.data.isEmpty && !hasMeasurement && choices.allSatisfy { $0.unknownFields.data.isEmpty }
    }

    fileprivate var encodedLength: Int {
        var length = example == 0 ? 0 : 1 + FieldWriter.length(UInt64(example))
        for choice in choices {
            let own = choice.encodedLength
            length += 1 + FieldWriter.length(UInt64(own)) + own
        }
        if flopsReduction.bitPattern != 0 { length += 9 }
        if flopsReductionWithHead.bitPattern != 0 { length += 9 }
        return tokens == 0 ? length : length + 1 + FieldWriter.length(tokens)
    }

    fileprivate func encode(to writer: inout FieldWriter) {
        if example != 0 {
            writer.varint(Tag.example)
            writer.varint(UInt64(example))
        }
        for choice in choices {
            writer.varint(Tag.choice)
            writer.varint(UInt64(choice.encodedLength))
            choice.encode(to: &writer)
        }
        // Zero is left out, but −0 is not zero.
        if flopsReduction.bitPattern != 0 {
            writer.varint(Tag.flopsReduction)
            writer.fixed(flopsReduction.bitPattern)
        }
        if flopsReductionWithHead.bitPattern != 0 {
            writer.varint(Tag.flopsReductionWithHead)
            writer.fixed(flopsReductionWithHead.bitPattern)
        }
        if tokens != 0 {
            writer.varint(Tag.tokens)
            writer.varint(tokens)
        }
    }
}

extension WireRow.Choice {
    private enum Tag {
        static let loglikelihood = FieldKind.fixed64.tag(1)
        static let greedy = FieldKind.varint.tag(2)
        static let tokens = FieldKind.varint.tag(3)
        static let margin = FieldKind.fixed32.tag(4)
    }

    fileprivate static func decoded(_ bytes: UnsafeRawBufferPointer) -> Self? {
        var choice = Self()
        var reader = FieldReader(bytes)
        while !reader.isAtEnd {
            switch reader.varint() {
            case Tag.loglikelihood:
                guard let bits: UInt64 = reader.fixed() else { return nil }
                choice.loglikelihood = Double(bitPattern: bits)
            case Tag.greedy:
                guard let value = reader.varint(), value <= 1 else { return nil }
                choice.greedy = value == 1
            case Tag.tokens:
                guard let tokens = reader.varint().flatMap(UInt32.init(exactly:)) else { return nil }
                choice.tokens = tokens
            case Tag.margin:
                guard let bits: UInt32 = reader.fixed() else { return nil }
                choice.margin = Float(bitPattern: bits)
            default: return nil
            }
        }
        return choice
    }

    fileprivate var encodedLength: Int {
        (loglikelihood.bitPattern == 0 ? 0 : 9) + (greedy ? 2 : 0)
            + (tokens == 0 ? 0 : 1 + FieldWriter.length(UInt64(tokens))) + (margin.bitPattern == 0 ? 0 : 5)
    }

    fileprivate func encode(to writer: inout FieldWriter) {
        if loglikelihood.bitPattern != 0 {
            writer.varint(Tag.loglikelihood)
            writer.fixed(loglikelihood.bitPattern)
        }
        if greedy {
            writer.varint(Tag.greedy)
            writer.varint(1)
        }
        if tokens != 0 {
            writer.varint(Tag.tokens)
            writer.varint(UInt64(tokens))
        }
        if margin.bitPattern != 0 {
            writer.varint(Tag.margin)
            writer.fixed(margin.bitPattern)
        }
    }
}
