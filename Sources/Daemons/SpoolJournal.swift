import Cluster
import Foundation
import Wire

/// The records of a worker's spool as bytes, which a crash may cut anywhere and a disk may change anywhere.
///
/// A record is, little-endian: the marker `A7 4D 53 31`, the body's length u32, CRC-32 (IEEE) over length and body u32,
/// the body. A body is a kind u8, seconds since 1970 f64, the engine's identity behind its length u16 (empty of kind 2),
/// then a protobuf message: of kind 1 `Scores` with its digest, of kind 2 the `Ack` of a batch that is wanted no more.
public enum SpoolJournal {
    /// One record.
    public enum Record: Sendable, Equatable {
        /// Rows that wait for their Ack, who computed them, and when they were written.
        case kept(SpooledBatch, engine: EngineIdentity, at: Double)
        /// A batch that was acknowledged, or is unwanted.
        case struck(LeaseName, batch: UInt64)
    }

    /// A record that was read, and where it stands.
    public struct Entry: Sendable, Equatable {
        public let record: Record
        public let range: Range<Int>
    }

    /// What a file holds.
    public struct Contents: Sendable, Equatable {
        /// Every record that is whole, in order.
        public var entries: [Entry] = []
        /// Bytes that belong to no whole record.
        public var damagedBytes = 0
    }

    private static let marker: [UInt8] = [0xa7, 0x4d, 0x53, 0x31]
    private static let headLength = 12
    private static let bodyHeadLength = 11
    /// Far above what a batch can be.
    private static let longestBody = 32 << 20

    /// A record as it is appended.
    public static func encode(_ record: Record) throws -> [UInt8] {
        var body: [UInt8]
        switch record {
        case .kept(let batch, let engine, let time):
            var scores = WireScores.with {
                $0.job = batch.lease.job
                $0.epoch = batch.lease.epoch
                $0.batch = batch.number
                $0.rows = batch.rows
            }
            scores.seal()
            let name = Array(engine.utf8.prefix(Int(UInt16.max)))
            body = [1] + bytes(of: time.bitPattern) + bytes(of: UInt16(name.count)) + name
            body += try scores.serializedBytes() as [UInt8]
        case .struck(let lease, let batch):
            let ack = WireAck.with {
                $0.job = lease.job
                $0.epoch = lease.epoch
                $0.batch = batch
            }
            body = [2] + bytes(of: Double(0).bitPattern) + bytes(of: UInt16(0))
            body += try ack.serializedBytes() as [UInt8]
        }
        let length = bytes(of: UInt32(body.count))
        var sum = Checksum()
        length.withUnsafeBytes { sum.add($0) }
        body.withUnsafeBytes { sum.add($0) }
        return marker + length + bytes(of: sum.value) + body
    }

    /// Every record that is whole. After damage, reading goes on at the next marker.
    public static func read(_ file: [UInt8]) -> Contents {
        file.withUnsafeBytes { bytes in
            var contents = Contents()
            var position = 0
            while position < bytes.count {
                if let (record, end) = record(in: bytes, at: position) {
                    contents.entries.append(Entry(record: record, range: position..<end))
                    position = end
                } else {
                    let next = nextMarker(in: bytes, from: position + 1)
                    contents.damagedBytes += next - position
                    position = next
                }
            }
            return contents
        }
    }

    private static func record(in bytes: UnsafeRawBufferPointer, at start: Int) -> (Record, end: Int)? {
        guard bytes.count - start >= headLength, (0..<4).allSatisfy({ bytes[start + $0] == marker[$0] }) else {
            return nil
        }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)))
        let expected = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt32.self))
        let end = start + headLength + length
        guard (bodyHeadLength...longestBody).contains(length), end <= bytes.count else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: bytes[(start + headLength)..<end])
        var sum = Checksum()
        sum.add(UnsafeRawBufferPointer(rebasing: bytes[(start + 4)..<(start + 8)]))
        sum.add(body)
        guard sum.value == expected, let record = parse(body) else { return nil }
        return (record, end)
    }

    private static func parse(_ body: UnsafeRawBufferPointer) -> Record? {
        let time = Double(bitPattern: UInt64(littleEndian: body.loadUnaligned(fromByteOffset: 1, as: UInt64.self)))
        let end = bodyHeadLength + Int(UInt16(littleEndian: body.loadUnaligned(fromByteOffset: 9, as: UInt16.self)))
        guard end <= body.count else { return nil }
        let engine = String(decoding: body[bodyHeadLength..<end], as: UTF8.self)
        let message = Array(body[end...])
        switch body[0] {
        case 1:
            guard let scores = try? WireScores(serializedBytes: message), scores.isSealed else { return nil }
            let lease = LeaseName(job: scores.job, epoch: scores.epoch)
            let batch = SpooledBatch(lease: lease, number: scores.batch, rows: scores.rows)
            return .kept(batch, engine: engine, at: time)
        case 2:
            guard let ack = try? WireAck(serializedBytes: message) else { return nil }
            return .struck(LeaseName(job: ack.job, epoch: ack.epoch), batch: ack.batch)
        default: return nil
        }
    }

    private static func nextMarker(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position + marker.count <= bytes.count {
            if bytes[position] == marker[0], (1..<4).allSatisfy({ bytes[position + $0] == marker[$0] }) {
                return position
            }
            position += 1
        }
        return bytes.count
    }

    private static func bytes(of value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

/// CRC-32 as in IEEE 802.3 (reflected polynomial EDB88320), which finds every burst of up to 32 flipped bits.
private struct Checksum {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { rest, _ in rest & 1 == 1 ? 0xedb8_8320 ^ (rest >> 1) : rest >> 1 }
    }

    private var rest: UInt32 = ~0

    var value: UInt32 { ~rest }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        Self.table.withUnsafeBufferPointer { table in
            var rest = rest
            for byte in bytes { rest = table[Int((rest ^ UInt32(byte)) & 0xff)] ^ (rest >> 8) }
            self.rest = rest
        }
    }
}
