import ArgumentParser
import Backends
import Daemons
import Foundation
import Mamba
import ModelFiles
import Operations

/// `worker bench`: how fast a model reads prompts, with and without token reduction, and where the time goes.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time a model's prefill or generation, with and without token reduction.",
        discussion: """
            A reduced pass is always timed beside an unreduced one, so that what else the machine does hits both \
            alike. Times are medians; a speed-up is the median of the ratios of neighbours. With --generate the shapes \
            are those of the prompts; a step gives each sequence a token, and is bound by reading the weights once.
            """)

    @Option(name: .long, help: "The checkpoint's folder.", completion: .directory)
    var model: String

    @Option(name: .long, help: "Sequences × tokens each, such as 1x512,8x128.")
    var shapes: Shapes = Shapes(list: [Prefill.Shape(sequences: 1, length: 2048)])

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A token reduction, as JSON with a job file's keys; may be repeated.",
            discussion: #"For example {"method":"utrc","flops":0.2,"layers":[6,9,12,15]}."#))
    var reduction: [String] = []

    @Option(name: .long, help: "Rows that the head rates: all, or each sequence's last.")
    var logits: Prefill.Logits = .last

    @Option(name: .customLong("repeat"), help: "How often each is timed, after one run that is not.")
    var repeats = 5

    @Option(name: .long, help: "Time the greedy generation of so many tokens after each prompt, instead of prefill.")
    var generate: Int?

    @Flag(name: .long, help: "Also say where the time of a prefill went, by parts that sum to the whole.")
    var profile = false

    @Flag(name: .long, help: "Print a list of JSON objects.")
    var json = false

    @Option(name: .long, help: "How products are computed: fp32, bf16 or, on a GPU, fp16.")
    var precision: Precision = .fp32

    @OptionGroup var engine: EngineArguments

    func validate() throws {
        guard repeats > 0 else { throw ValidationError("--repeat is at least 1") }
        if let generate, generate < 1 { throw ValidationError("--generate is at least 1") }
    }

    func run() throws {
        let options = try engine.options(precision: precision)
        let checkpoint = try Checkpoint.open(URL(fileURLWithPath: model))
        let reductions = try reduction.map { try Reduction(json: Data($0.utf8)) }.filter { $0.method != .none }
        for reduction in reductions { try reduction.validate(layerCount: checkpoint.configuration.layerCount) }
        if let generate { return try time(generate, checkpoint, reductions, options) }
        let prefill = Prefill(shapes: shapes.list, reductions: reductions, logits: logits, repeats: repeats)
        let results =
            switch options.device {
            case .reference: try prefill.measure(checkpoint, on: ReferenceBackend(precision: precision))
            case .cpu: try prefill.measure(checkpoint, on: options.cpuBackend(for: checkpoint))
            case .cuda:
                try measured(options.cudaBackend(for: checkpoint.configuration)) {
                    try prefill.measure(checkpoint, on: $0)
                }
            }
        if json {
            print(try JSONLine.pretty(results.map { BenchRow($0, profiled: profile) }))
        } else {
            try printHeading(options)
            for result in results { print(BenchText.describe(result, profiled: profile)) }
        }
    }

    /// Times `newTokens` steps after each prompt.
    private func time(
        _ newTokens: Int, _ checkpoint: Checkpoint, _ reductions: [Reduction], _ options: EngineOptions
    ) throws {
        let decode = Decode(
            shapes: shapes.list, reductions: reductions, newTokens: newTokens, repeats: repeats,
            threads: options.threads)
        let results =
            switch options.device {
            case .reference:
                try decode.measure(checkpoint, on: ReferenceBackend(precision: precision), precision: precision)
            case .cpu: try decode.measure(checkpoint, on: options.cpuBackend(for: checkpoint), precision: precision)
            case .cuda: try time(decode, checkpoint, on: options.cudaBackend(for: checkpoint.configuration))
            }
        if json { return print(try JSONLine.pretty(results)) }
        try printHeading(options)
        for result in results { print(result.text) }
    }

    /// Beside the bandwidth of the GPU's own memory.
    private func time(_ decode: Decode, _ checkpoint: Checkpoint, on backend: CUDABackend) throws -> [Decode.Result] {
        var results = try measured(backend) { try decode.measure(checkpoint, on: $0, precision: precision) }
        let read = try backend.device.bytesPerSecond()
        for index in results.indices { results[index].readBytesPerSecond = read }
        return results
    }

    /// What `measure` finds on a GPU; the memory that it took goes to standard error.
    private func measured<Results>(
        _ backend: CUDABackend, _ measure: (CUDABackend) throws -> Results
    ) throws -> Results {
        let results = try measure(backend)
        let memory = backend.device.memory
        let text = String(
            format: "device memory: weights %.1f MiB, activations and states at most %.1f of %.1f MiB\n",
            Double(memory.weightsPeak) / 0x1p20, Double(memory.activationsPeak) / 0x1p20, Double(memory.arena) / 0x1p20)
        FileHandle.standardError.write(Data(text.utf8))
        return results
    }

    private func printHeading(_ options: EngineOptions) throws {
        print("\(try options.description.name), \(options.threads) thread(s), medians of \(repeats)\n")
    }

    /// `1x512,8x128`
    struct Shapes: ExpressibleByArgument {
        let list: [Prefill.Shape]

        init(list: [Prefill.Shape]) { self.list = list }

        init?(argument: String) {
            var list: [Prefill.Shape] = []
            for text in argument.split(separator: ",", omittingEmptySubsequences: false) {
                let numbers = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
                guard numbers.count == 2, let sequences = numbers[0], let length = numbers[1], sequences > 0, length > 0
                else { return nil }
                list.append(Prefill.Shape(sequences: sequences, length: length))
            }
            self.list = list
        }

        var defaultValueDescription: String { list.map(\.description).joined(separator: ",") }
    }
}

extension Prefill.Logits: ExpressibleByArgument {}
