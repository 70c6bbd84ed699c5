import ArgumentParser
import Foundation
import ModelFiles

/// `coord make-model`: a checkpoint with random weights.
struct MakeModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make-model",
        abstract: "Write a checkpoint of a published shape with random weights, for demonstrations and measurements.")

    @Option(name: .long, help: "The dimensions: a published model's, or a tiny one's of either architecture.")
    var shape: PublishedShape

    @Option(name: .long, help: "Weights are a function of the shape and the seed.")
    var seed: UInt64 = 0

    @Option(name: .long, help: "The folder to write.", completion: .directory)
    var output: String

    @Option(name: .long, help: "Element type: fp32, fp16 or bf16.")
    var precision = "fp32"

    @Option(name: .long, help: "Rows of the embedding; by default the shape's own.")
    var vocabulary: Int?

    @Flag(name: .long, help: "Replace the checkpoint that is in the folder.")
    var replace = false

    func run() throws {
        let elementTypes: [String: ElementType] = ["fp32": .float32, "fp16": .float16, "bf16": .bfloat16]
        guard let elementType = elementTypes[precision] else {
            throw ValidationError("unknown precision '\(precision)'; known: fp32, fp16, bf16")
        }
        try RandomCheckpoint.write(
            shape, seed: seed, vocabulary: vocabulary, elementType: elementType, to: URL(fileURLWithPath: output),
            replacing: replace)
        print("wrote \(shape.rawValue) with random weights (seed \(seed)) to \(output)")
    }
}

extension PublishedShape: ExpressibleByArgument {}
