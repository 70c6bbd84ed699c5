import Backends
import Mamba
import ModelFiles
import Operations
import TestDevices
import TestSupport
import Testing

/// On a GPU, and of the kernels on the host where all are asked for, the other suites run as on any engine.
@Suite(
    "Golden values by the CUDA kernels",
    .enabled(if: Shared.isAvailable && CUDADevices.available.contains(.host), "\(CUDADevices.explanation)"))
struct CUDAGoldenTests {
    @Test("of a whole pass, and of a reduced one by every method", arguments: Golden.models.prefix(2))
    func passes(layout: Golden.Layout) throws {
        let model = try LanguageModel(Checkpoint.open(layout.url), on: CUDADevices.host.backend())
        let (expected, tensors) = (try layout.expected, try layout.tensors)
        let forward = try #require(expected.forward.min { $0.tokens.count < $1.tokens.count })
        let logits = try model.allLogits(model.read(forward.tokens))
        #expect(distance(logits, try #require(tensors[forward.logits])) < expected.suggestedToleranceAbs)
        for method in Golden.methods {
            let item = try #require(expected.reduction.first { $0.method == method.rawValue })
            let hidden = try model.read(item.tokens, reduction: item.reduction)
            #expect(hidden.positions == [item.positions], "\(item.name)")
            for (step, golden) in zip(hidden.steps, item.layersOut) {
                expectEqual(step.decision, golden, within: 1e-4, "\(item.name), layer \(golden.layer)")
            }
            let rows = hidden.segments.rowCount
            let last = try #require(tensors[item.tensors + ".last_logits"])
            #expect(distance(try model.logits(hidden, rows: [rows - 1]), last) < expected.suggestedToleranceAbs)
        }
    }
}
