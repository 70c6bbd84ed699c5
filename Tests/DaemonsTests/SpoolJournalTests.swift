import Cluster
import Daemons
import Testing
import Wire

/// Batches that differ in everything.
enum Batches {
    static func batch(_ number: UInt64, of epoch: UInt64 = 1, rows: Int = 2) -> SpooledBatch {
        SpooledBatch(
            lease: LeaseName(job: "job-\(epoch)", epoch: epoch), number: number,
            rows: (0..<rows).map { index in
                .with {
                    $0.example = UInt32(index)
                    $0.tokens = number * 100
                    $0.choices = [.with { $0.loglikelihood = index == 0 ? -.infinity : -Double(number) / 3 }]
                }
            })
    }

    static let engine = "molt 0.1.0 (abc) cpu/packed"
}

@Suite("The records of a spool")
struct SpoolJournalTests {
    static let records: [SpoolJournal.Record] = [
        .kept(Batches.batch(1), engine: Batches.engine, at: 1000),
        .struck(LeaseName(job: "job-7", epoch: .max), batch: 9),
        .kept(Batches.batch(2, of: 3, rows: 1), engine: "", at: 2000.5),
    ]

    @Test("what was written is read, bit for bit")
    func wholeFile() throws {
        let contents = SpoolJournal.read(try Self.records.flatMap(SpoolJournal.encode))
        #expect(contents.entries.map(\.record) == Self.records)
        #expect(contents.damagedBytes == 0)
    }

    @Test("a file that is cut anywhere gives the records before the cut")
    func cutAnywhere() throws {
        let parts = try Self.records.map(SpoolJournal.encode)
        let file = parts.flatMap { $0 }
        for length in 0...file.count {
            let contents = SpoolJournal.read(Array(file.prefix(length)))
            var (whole, end) = (0, 0)
            for part in parts where end + part.count <= length && whole == parts.firstIndex(of: part) {
                end += part.count
                whole += 1
            }
            #expect(contents.entries.map(\.record) == Array(Self.records.prefix(whole)), "cut at \(length)")
            #expect(contents.damagedBytes == length - end, "cut at \(length)")
        }
    }

    @Test("a flipped bit anywhere loses its record and no other")
    func flippedAnywhere() throws {
        let parts = try Self.records.map(SpoolJournal.encode)
        let file = parts.flatMap { $0 }
        var (record, end) = (0, parts[0].count)
        for position in file.indices {
            if position == end {
                record += 1
                end += parts[record].count
            }
            for bit in 0..<8 {
                var damaged = file
                damaged[position] ^= 1 << UInt8(bit)
                let contents = SpoolJournal.read(damaged)
                var expected = Self.records
                expected.remove(at: record)
                #expect(contents.entries.map(\.record) == expected, "bit \(bit) of byte \(position)")
                #expect(contents.damagedBytes == parts[record].count)
            }
        }
    }

    @Test("no bytes are garbage that is delivered", arguments: [0, 1, 11, 12, 4096])
    func noise(length: Int) {
        var state: UInt64 = 7
        let bytes = (0..<length).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        let contents = SpoolJournal.read(bytes)
        #expect(contents.entries.isEmpty && contents.damagedBytes == length)
    }
}
