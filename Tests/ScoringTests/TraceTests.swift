import Backends
import Mamba
import ModelFiles
import Scoring
import Testing

@Suite("What a reduction did, told again")
struct TraceTests {
    @Test(
        "a trace ends with the tokens that the score is of, and every other one left once",
        arguments: SharingTests.shapes)
    func survivors(shape: PublishedShape) throws {
        let model = try SharingTests.model(shape, on: CPUBackend(threads: 1))
        let requests = Documents.all(1)
        for reduction in SharingTests.reductions {
            let scorer = try Scorer(model: model, reduction: reduction)
            let answers = try scorer.score(requests)
            for (request, answer) in zip(requests, answers) {
                for (place, score) in answer.scores.enumerated() {
                    let trace = try scorer.trace(request, continuation: place)
                    #expect(trace.survivors == score.positions, "\(reduction), request \(request.id)")
                    #expect(trace.input.count == score.inputTokens)
                    let gone = trace.steps.flatMap(\.removals).map(\.position)
                    #expect((gone + trace.survivors).sorted() == Array(0..<trace.reducible))
                }
            }
        }
    }

    @Test("a merged token goes into one that is still there, and a step's numbers add up")
    func destinations() throws {
        let model = try SharingTests.model(.tiny, on: CPUBackend(threads: 1))
        let reduction = try Reduction(method: .utrc, layers: [1, 2], amount: .keepRatio(0.6))
        var merged = 0
        for request in Documents.all(2) where !request.continuations.isEmpty {
            let trace = try Scorer(model: model, reduction: reduction).trace(request, continuation: 0)
            var left = Set(0..<trace.reducible)
            for step in trace.steps {
                #expect(step.entered == left.count)
                left.subtract(step.removals.map(\.position))
                for removal in step.removals {
                    // By default the residual branch merges all, the hidden branch half.
                    let into = try #require(removal.residualInto)
                    #expect(left.contains(into))
                    #expect(removal.hiddenInto == nil || removal.hiddenInto == into)
                    merged += removal.hiddenInto == nil ? 0 : 1
                }
            }
            #expect(left == Set(trace.survivors))
        }
        #expect(merged > 0)
    }

    @Test("without a reduction nothing leaves, and a choice that is not there is refused")
    func nothing() throws {
        let model = try SharingTests.model(.tiny, on: CPUBackend(threads: 1))
        let request = ScoringRequest(id: "r", context: [1, 2, 3], continuations: [[4], []])
        let scorer = try Scorer(model: model, reduction: .none)
        let trace = try scorer.trace(request, continuation: 0)
        #expect(trace.steps.isEmpty && trace.survivors == [0, 1] && trace.input == [1, 2, 3])
        #expect(throws: ScoringError.self) { try scorer.trace(request, continuation: 1) }
    }
}
