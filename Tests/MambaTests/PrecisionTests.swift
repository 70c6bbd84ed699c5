import Backends
import Mamba
import ModelFiles
import Operations
import TestDevices
import TestSupport
import Testing

@Suite("Models in half precision", .enabled(if: Shared.isAvailable, Shared.explanation))
struct PrecisionTests {
    /// The standard deviation of the difference by that of the logits.
    private func drift(_ logits: [Float], _ golden: [Float]) -> Double {
        let mean = golden.reduce(0) { $0 + Double($1) } / Double(golden.count)
        let spread = golden.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        let error = zip(logits, golden).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
        return (error / spread).squareRoot()
    }

    @Test("stay near the golden logits, and nearer to the definition in bf16", arguments: Golden.models)
    func logits(layout: Golden.Layout) throws {
        let checkpoint = try Checkpoint.open(layout.url)
        let fast = try LanguageModel(checkpoint, on: CPUBackend(precision: .bf16))
        let naive = try LanguageModel(checkpoint, on: ReferenceBackend(precision: .bf16))
        let tensors = try layout.tensors
        for item in try layout.expected.forward {
            let golden = try #require(tensors[item.logits])
            let logits = try fast.allLogits(fast.read(item.tokens))
            let definition = try naive.allLogits(naive.read(item.tokens))
            // bf16 keeps 8 bits: a value's relative error is up to 2⁻⁹, and grows over the layers.
            let fromGolden = drift(logits, golden)
            #expect(fromGolden > 1e-5 && fromGolden < 0.05, "\(item.logits)")
            #expect(drift(logits, definition) < max(1e-4, fromGolden), "\(item.logits)")
        }
    }

    @Test(
        "on a GPU stay near the golden logits, in fp16 nearer than in bf16",
        .enabled(if: CUDADevices.available.contains(.host), "\(CUDADevices.explanation)"), arguments: Golden.models)
    func halves(layout: Golden.Layout) throws {
        let (expected, tensors) = (try layout.expected, try layout.tensors)
        let item = try #require(expected.forward.min { $0.tokens.count < $1.tokens.count })
        let golden = try #require(tensors[item.logits])
        let drifts = try [Precision.bf16, .fp16].map { precision in
            let backend = try CUDABackend(CUDADevices.host.device(megabytes: 256), precision: precision)
            let model = try LanguageModel(Checkpoint.open(layout.url), on: backend)
            return drift(try model.allLogits(model.read(item.tokens)), golden)
        }
        #expect(drifts[0] > 1e-5 && drifts[0] < 0.05 && drifts[1] > 1e-6 && drifts[1] < 0.01, "\(drifts)")
        #expect(drifts[1] < drifts[0], "\(drifts)")
    }
}
