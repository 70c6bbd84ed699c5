import Foundation
import Testing
import Wire

@Suite("RowDigest")
struct RowDigestTests {
    struct Change: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let apply: @Sendable (inout WireRow) -> Void
    }

    static let changes: [Change] = [
        Change(testDescription: "example") { $0.example += 1 },
        Change(testDescription: "flops_reduction") { $0.flopsReduction = $0.flopsReduction.nextUp },
        Change(testDescription: "flops_reduction_with_head") { $0.flopsReductionWithHead = 0 },
        Change(testDescription: "tokens") { $0.tokens += 1 << 40 },
        Change(testDescription: "a choice less") { $0.choices.removeLast() },
        Change(testDescription: "choices swapped") { $0.choices.swapAt(0, 1) },
        Change(testDescription: "loglikelihood") { $0.choices[0].loglikelihood = -1.25.nextDown },
        Change(testDescription: "loglikelihood NaN") { $0.choices[0].loglikelihood = .nan },
        Change(testDescription: "greedy") { $0.choices[0].greedy.toggle() },
        Change(testDescription: "a choice's tokens") { $0.choices[1].tokens += 1 },
        Change(testDescription: "margin −0 for 0") { $0.choices[1].margin = -0.0 },
    ]

    @Test("a row's digest and its batch's change with every field", arguments: changes)
    func sensitivity(_ change: Change) {
        var row = Samples.row
        change.apply(&row)
        #expect(RowDigest.of(row) != RowDigest.of(Samples.row))
        #expect(RowDigest.of([row]) != RowDigest.of([Samples.row]))
    }

    @Test("each change gives a digest of its own")
    func distinct() {
        let digests = Self.changes.map { change in
            var row = Samples.row
            change.apply(&row)
            return RowDigest.of(row)
        }
        #expect(Set(digests).count == digests.count)
    }

    @Test("a batch's digest depends on the rows' number and order")
    func batches() {
        let (row, other) = (Samples.row, WireRow())
        let digests = [[], [row], [other], [row, other], [other, row], [row, row]].map { RowDigest.of($0) }
        #expect(Set(digests).count == digests.count)
    }

    /// Made with Python's struct and hashlib from the layout that RowDigest documents:
    /// `sha256(pack('<IddQI', 12, 0.2, 0.15, 99, 2) + pack('<dBIf', -1.25, 1, 3, 0.5) + pack('<dBIf', -inf, 0, 1, 0))`,
    /// and for the batch the same behind `pack('<I', 2)`, followed by `pack('<IddQI', 0, 0, 0, 0, 0)`.
    @Test("digests are those of the documented layout")
    func golden() {
        #expect(hex(RowDigest.of(Samples.row)) == "9a3825d38cdddeb3264ab023674656af13d72113a30427c59244d8cf4011de8f")
        #expect(
            hex(RowDigest.of(Samples.scores.rows)) == "da9974d386b7b6d1a1d7a8ad58ad06759f932e95f5e5d52c54fd3b5cb1e6ab08"
        )
    }

    @Test("sealed scores show a changed row")
    func seal() throws {
        guard case .scores(var scores) = try Envelope.decode(Samples.frame(.scores(Samples.scores))).message else {
            Issue.record("another message arrived")
            return
        }
        #expect(scores.isSealed)
        scores.rows[0].choices[0].loglikelihood = 0
        #expect(!scores.isSealed)
    }

    private func hex(_ data: Data) -> String { data.map { String(format: "%02x", $0) }.joined() }
}
