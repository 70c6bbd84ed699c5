import ArgumentParser
import Daemons
import Foundation
import ModelFiles

/// `coord inspect DIR`: what a checkpoint is.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what a checkpoint is: family, shape, tensors, element types, hash.")

    @Argument(help: "The checkpoint's folder.", completion: .directory)
    var directory: String

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func run() throws {
        let summary = try CheckpointSummary(Checkpoint.open(URL(fileURLWithPath: directory)))
        print(json ? try JSONLine.pretty(summary) : summary.description)
    }
}
