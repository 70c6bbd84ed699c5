import Backends
import Mamba
import ModelFiles
import Operations
import Scoring
import TestDevices
import Testing

@Suite(
    "Steps of decoding that a device repeats as a whole",
    .enabled(if: !CUDADevices.available.isEmpty, "\(CUDADevices.explanation)"))
struct RepeatedStepTests {
    @Test("give what steps one by one give, while sequences end", arguments: CUDADevices.available, Precision.allCases)
    func generation(device: CUDADevices, precision: Precision) throws {
        // Fewer than elsewhere: a host's threads of a block run one after the other.
        let requests = GenerationTests.requests.prefix(6).map { request in
            GenerationRequest(
                id: request.id, tokens: Array(request.tokens.prefix(12)), maxNewTokens: request.maxNewTokens)
        }
        for shape in GenerationTests.shapes {
            let checkpoint = RandomCheckpoint.model(shape.configuration(vocabulary: 304), seed: 3)
            let answers = try [false, true].map { recordsSteps in
                let device = try device.device()
                let backend = CUDABackend(device, precision: precision, recordsSteps: recordsSteps)
                let generator = try Generator(model: LanguageModel(checkpoint, on: backend), reduction: .none)
                let first = try GenerationTests.generate(requests, by: generator)
                let held = device.memory.activations
                #expect(try GenerationTests.generate(requests, by: generator) == first)
                #expect(device.memory.activations == held, "a loop's memory goes back")
                return first
            }
            #expect(answers[0] == answers[1])
        }
    }

    @Test("one that keeps something of its own is taken one by one", arguments: CUDADevices.available)
    func refused(device: CUDADevices) throws {
        let backend = try device.backend()
        let vocabulary = 7
        let table = try backend.weight(
            Tensor(
                name: "table", shape: [vocabulary, 4],
                floats: (0..<vocabulary * 4).map { Float(($0 * 37) % 11) / 8 }))
        var kept: [CUDAMatrix] = []
        var loop = StepLoop()
        for token in [3, 1, 6, 2, 5] as [Int32] {
            let choices = try backend.repeating(&loop, of: [token]) { tokens in
                let rows = backend.embed(tokens, table: table)
                kept.append(rows)
                return try backend.choose(rows, head: table)
            }
            let expected = try backend.choose(backend.embed([token], table: table), head: table)
            #expect(choices == expected)
        }
        #expect(try backend.values(of: kept[kept.count - 1]) == backend.values(of: backend.embed([5], table: table)))
    }
}
