import ArgumentParser
import Backends
import Daemons
import Foundation
import Operations
import Scoring

/// The options that say where and how a model runs.
struct EngineArguments: ParsableArguments {
    @Option(name: .long, help: "Where the model runs: \(Device.allCases.map(\.rawValue).joined(separator: ", ")).")
    var backend: Device = .cpu

    @Option(name: .long, help: "Which GPU, from 0, of those that the process sees.")
    var device = 0

    @Option(name: .long, help: "Cores that the engine uses.")
    var threads = 1

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Cores to keep to, such as 0 or 2-3, at least as many as --threads.",
            discussion: "Workers on one machine do not move onto each other's cores if each is given its own."))
    var pin: Cores?

    @Option(
        name: .long,
        help: "Matrix product on the CPU: packed (ours, the same bits in any batch) or openblas (for cross-checks).")
    var gemm: CPUBackend.GEMM = .packed

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Memory for activations and states besides the weights, in MiB.",
            discussion: """
                By default, where a CPU scores, a quarter of the weights less 56 for the program itself, from 8 to 1024; \
                on a GPU what the weights leave of its free memory; else 1024.
                """))
    var memory: Int?

    @Option(
        name: .long,
        help: "Whether tokens that requests begin with together run once: on or off. The scores are the same.")
    var prefixSharing: PrefixSharing = .on

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Whether this user's workers on this machine keep a model's packed weights once: on or off.",
            discussion: """
                On a CPU, with --gemm packed. The scores are the same. Weights that are shared are not on huge pages,                 which some systems give, so that a worker may be slower.
                """))
    var shareWeights: EngineOptions.Sharing = .off

    func validate() throws {
        guard (1...1024).contains(threads) else { throw ValidationError("--threads is between 1 and 1024") }
        if let pin, pin.numbers.count < threads {
            throw ValidationError("--pin \(pin) names fewer cores than the \(threads) of --threads")
        }
        guard device >= 0 else { throw ValidationError("--device is a GPU's number, from 0") }
        guard memory.map({ $0 > 0 }) ?? true else { throw ValidationError("--memory is at least 1") }
    }

    /// Keeps this thread, and those that it starts from now on, to the cores of `--pin`.
    ///
    /// - Parameter precision: of the products; a coordinator's jobs name their own.
    /// - Throws: ``PinError`` where these cores cannot be had.
    func options(precision: Precision = .fp32) throws -> EngineOptions {
        try pin?.pin()
        var options = EngineOptions(
            device: backend, deviceIndex: device, threads: threads, gemm: gemm, precision: precision,
            budgetBytes: memory.map { $0 << 20 }, sharing: prefixSharing)
        options.weightSharing = shareWeights
        return options
    }
}

extension Device: ExpressibleByArgument {}
extension CPUBackend.GEMM: ExpressibleByArgument {}
extension PrefixSharing: ExpressibleByArgument {}
extension EngineOptions.Sharing: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}

extension Cores: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
