import Backends
import Daemons
import ModelFiles
import Operations
import Testing

@Suite("What an engine is asked for")
struct EngineOptionsTests {
    @Test("a worker names the precisions that its engine multiplies in")
    func precisions() {
        #expect(EngineOptions().precisions == [.fp32, .bf16])
        #expect(EngineOptions(gemm: .openBLAS).precisions == [.fp32])
        for device in [Device.cuda, .reference] {
            #expect(EngineOptions(device: device).precisions == Precision.allCases)
        }
    }

    @Test("what the CPU does not multiply in is refused, with what does")
    func refusal() throws {
        let model = RandomCheckpoint.drawn(PublishedShape.tiny.configuration(), seed: 1)
        #expect(throws: EngineError.notOnCPU(.fp16)) { try EngineOptions(precision: .fp16).cpuBackend(for: model) }
        #expect("\(EngineError.notOnCPU(.fp16))".contains("--backend cuda, or ask for fp32 or bf16"))
        let openBLAS = EngineOptions(gemm: .openBLAS, precision: .bf16)
        #expect(throws: EngineError.noSuchProduct(gemm: .openBLAS, precision: .bf16)) {
            try openBLAS.cpuBackend(for: model)
        }
        #expect(throws: EngineError.notOnCPU(.fp16)) { try openBLAS.check(.fp16) }
        try EngineOptions(device: .cuda).check(.fp16)
        try EngineOptions(device: .reference).check(.fp16)
    }

    @Test("a worker's greeting may be made of options in any precision")
    func description() throws {
        let names = try Precision.allCases.map { try EngineOptions(precision: $0).description.arithmetic }
        #expect(names == ["cpu/packed", "cpu/packed-bf16", "cpu/packed"])
        #expect(try EngineOptions().deviceProperties == CPUBackend().deviceProperties)
        #expect(try EngineOptions(device: .reference).deviceProperties.kind == .cpu)
    }
}
