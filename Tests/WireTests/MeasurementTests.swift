import Foundation
import Testing
import Wire

@Suite("Measurements on the wire")
struct MeasurementCodingTests {
    static let row = WireRow.with {
        ($0.example, $0.tokens, $0.choices) = (0, 64, [.with { $0.loglikelihood = -3 }])
        $0.measurement = .with {
            ($0.weightBytes, $0.activationBytes) = (1 << 33, 7)
            $0.passes = [
                .with {
                    ($0.promptSeconds, $0.stepSeconds, $0.plainPromptSeconds, $0.plainStepSeconds) = (0.1, 2, 0.3, 4)
                }, .init(),
            ]
        }
    }

    @Test("rows with a measurement and without travel in one batch, to the bit")
    func batch() throws {
        let scores = WireScores.with {
            ($0.job, $0.epoch, $0.batch, $0.rows) = ("j", 1, 2, [Samples.row, Self.row])
            $0.seal()
        }
        let frame = try Samples.frame(.scores(scores))
        #expect(try Envelope.decode(frame).message == .scores(scores))
        guard case .scores(let read) = try Envelope.decode(frame).message else { return }
        #expect(read.isSealed && !read.rows[0].hasMeasurement)
    }

    @Test("a row's digest changes with every part of its measurement, and with its having one")
    func digest() {
        var rows = [Self.row]
        func add(_ change: (inout WireRow) -> Void) {
            var row = Self.row
            change(&row)
            rows.append(row)
        }
        add { $0.clearMeasurement() }
        add { $0.measurement = WireMeasurement() }
        add { $0.measurement.weightBytes += 1 }
        add { $0.measurement.activationBytes += 1 }
        add { $0.measurement.passes.removeLast() }
        add { $0.measurement.passes[0].promptSeconds = 0.2 }
        add { $0.measurement.passes[0].stepSeconds = 3 }
        add { $0.measurement.passes[0].plainPromptSeconds = 0 }
        add { $0.measurement.passes[1].plainStepSeconds = 5 }
        #expect(Set(rows.map { RowDigest.of($0) }).count == rows.count)
    }

    @Test("what to measure travels in an example that is encoded already")
    func example() throws {
        let example = WireExample.with {
            $0.measure = .with {
                ($0.kind, $0.promptTokens, $0.batch, $0.newTokens, $0.repeats) = ("throughput", 2048, 16, 100, 3)
            }
        }
        let bytes: Data = try example.serializedBytes()
        #expect(WireExample.hasForm(bytes))
        let frame = try Envelope.encode(
            WireJob.with { $0.job = "j" }, examples: [bytes], incarnation: 1, session: 1, sequence: 1)
        guard case .job(let job) = try Envelope.decode(frame).message else {
            Issue.record("another message")
            return
        }
        #expect(job.examples == [example])
    }

    @Test("what a peer before 1.2 sends names no measures, and asks for none")
    func older() throws {
        let hello = WireHello.with { ($0.engine, $0.precisions) = ("cpu", ["fp32"]) }
        guard case .hello(let read) = try Envelope.decode(Samples.frame(.hello(hello))).message else {
            Issue.record("another message")
            return
        }
        #expect(read.measures.isEmpty)
        #expect(!WireRow().hasMeasurement && !WireExample().hasMeasure && WireJob.Model().randomShape.isEmpty)
    }
}
