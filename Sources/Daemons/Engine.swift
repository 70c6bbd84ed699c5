import Backends
import Benchmarks
import Cluster
import Foundation
import Hub
import Mamba
import ModelFiles
import Operations
import Scoring

/// Where a model runs.
public enum Device: String, Sendable, CaseIterable {
    /// The naive definition: slow, for checks.
    case reference
    /// C kernels.
    case cpu
    /// A GPU, by the library that `make cuda` builds.
    case cuda
}

/// How an engine is built on its device.
public struct EngineOptions: Sendable {
    public var device: Device
    /// Which GPU, from 0, of those that the process sees.
    public var deviceIndex: Int
    /// Cores that one engine uses.
    public var threads: Int
    /// Which matrix product the CPU uses.
    public var gemm: CPUBackend.GEMM
    /// How products are computed.
    public var precision: Precision
    /// Memory for activations and states, in bytes, besides the weights; nil for what suits the model where a CPU
    /// scores, for what the weights leave of a GPU's free memory, and else for 1 GiB.
    public var budgetBytes: Int?
    /// Whether rows that sequences share run once; the scores are the same.
    public var sharing: PrefixSharing
    /// Whether workers of one user on a machine keep a model's packed weights once.
    public var weightSharing = Sharing.off
    /// Told in a sentence what became of that.
    public var note: @Sendable (String) -> Void = { _ in }

    /// Whether something is shared.
    public enum Sharing: String, Sendable, CaseIterable { case on, off }

    public init(
        device: Device = .cpu, deviceIndex: Int = 0, threads: Int = 1, gemm: CPUBackend.GEMM = .packed,
        precision: Precision = .fp32,
        budgetBytes: Int? = nil, sharing: PrefixSharing = .on
    ) {
        self.device = device
        self.deviceIndex = deviceIndex
        self.threads = threads
        self.gemm = gemm
        self.precision = precision
        self.budgetBytes = budgetBytes
        self.sharing = sharing
    }

    /// What the engine will be; part of a score's identity. A worker's is that of fp32: which precision its scores have
    /// stands with the cell.
    ///
    /// - Throws: `CUDAError` where there is no GPU to be had.
    public var description: EngineDescription {
        get throws {
            switch device {
            case .reference: describe(ReferenceBackend(precision: precision))
            case .cpu:
                describe(
                    CPUBackend(
                        threads: threads, gemm: gemm, precision: precisions.contains(precision) ? precision : .fp32))
            case .cuda:
                describe(try CUDABackend(CUDADevice(deviceIndex, of: CUDALibrary()), precision: precision))
            }
        }
    }

    /// What the engine's device is.
    ///
    /// - Throws: `CUDAError` where there is no GPU to be had.
    public var deviceProperties: DeviceProperties {
        get throws {
            switch device {
            case .reference: ReferenceBackend().deviceProperties
            case .cpu: CPUBackend(threads: threads, gemm: gemm).deviceProperties
            case .cuda: try CUDABackend(CUDADevice(deviceIndex, of: CUDALibrary())).deviceProperties
            }
        }
    }

    /// What engines of these options can compute products in, whatever the options' own precision.
    public var precisions: [Precision] {
        switch device {
        case .reference, .cuda: Precision.allCases
        case .cpu: gemm == .packed ? CPUBackend.precisions : [.fp32]
        }
    }

    /// Says what computes in a precision that engines of these options do not.
    ///
    /// - Throws: ``EngineError``.
    public func check(_ precision: Precision) throws {
        guard device == .cpu, !precisions.contains(precision) else { return }
        guard CPUBackend.precisions.contains(precision) else { throw EngineError.notOnCPU(precision) }
        throw EngineError.noSuchProduct(gemm: gemm, precision: precision)
    }

    /// What engines of these options can measure: nothing without books of their memory.
    public var measures: [Measure.Kind] { device == .reference ? [] : Measure.Kind.allCases }

    /// The CPU backend that the options ask for.
    ///
    /// - Throws: ``EngineError`` for a combination that there is not.
    public func cpuBackend(for checkpoint: Checkpoint) throws -> CPUBackend {
        try cpuBackend(keepingAtMost: 128 << 20, sharing: weights(of: checkpoint))
    }

    /// How the model's packed weights are shared; nil where they are not.
    ///
    /// - Parameter sha256: of the checkpoint, where it is known.
    private func weights(of checkpoint: Checkpoint, sha256: String? = nil) throws -> WeightSharing? {
        guard weightSharing == .on, gemm == .packed else { return nil }
        let bytes = weightBytes(of: checkpoint.configuration)
        // Panels are filled up with zeros, and begin on pages.
        return WeightSharing(
            model: try sha256 ?? checkpoint.sha256(known: Cache.standard().hashes),
            capacity: bytes + bytes / 4 + (64 << 20), note: note)
    }

    private func cpuBackend(keepingAtMost limit: Int, sharing: WeightSharing?) throws -> CPUBackend {
        try check(precision)
        return CPUBackend(
            threads: threads, gemm: gemm, precision: precision, keepingAtMost: limit, sharing: sharing)
    }

    /// The CUDA backend that the options ask for, with the memory for activations and states set aside.
    ///
    /// - Parameter model: the one whose weights are to find room beside them.
    /// - Throws: `CUDAError` where there is no GPU to be had, or it has not as much memory.
    public func cudaBackend(for model: ModelConfiguration) throws -> CUDABackend {
        let library = try CUDALibrary()
        if let budgetBytes {
            let device = try CUDADevice(deviceIndex, of: library, activationBytes: budgetBytes)
            return CUDABackend(device, precision: precision)
        }
        let free = try CUDADevice(deviceIndex, of: library).properties.freeBytes
        // A sixteenth is left for what the driver and cuBLASLt keep, and for other processes.
        let room = free - free / 16 - weightBytes(of: model)
        let device = try CUDADevice(deviceIndex, of: library, activationBytes: max(room, 1 << 28))
        return CUDABackend(device, precision: precision)
    }

    /// What is scored at a time.
    ///
    /// - Parameter keeping: whether states and rows are kept between passes, as a reduction asks for.
    func scoringBudget(for model: ModelConfiguration, keeping: Bool) -> ScoringBudget {
        guard device == .cpu else { return generationBudget(for: model) }
        return ScoringBudget(bytes: scoringBytes(for: model), for: model, keeping: keeping)
    }

    /// What is generated at a time. A GPU's memory is one piece: a quarter is left for what products need beside their
    /// results, and for pieces that do not fit.
    func generationBudget(for model: ModelConfiguration) -> ScoringBudget {
        device == .cuda
            ? ScoringBudget(bytes: heldBytes / 4 * 3, for: model, limit: .gpu, scan: scanColumns(of: model))
            : ScoringBudget(bytes: heldBytes, for: model)
    }

    /// The CPU backend for a model, which keeps half of the scoring's memory for the next pass.
    ///
    /// - Parameter sha256: of the checkpoint, where it is known.
    func scoringBackend(for checkpoint: Checkpoint, sha256: String?) throws -> CPUBackend {
        let kept = min(128 << 20, max(8 << 20, scoringBytes(for: checkpoint.configuration) / 2))
        return try cpuBackend(keepingAtMost: kept, sharing: weights(of: checkpoint, sha256: sha256))
    }

    /// The values that a layer's scan keeps of a sequence; nil for E·N.
    func scanColumns(of model: ModelConfiguration) -> Int? {
        device == .cuda && model.architecture == .mamba2
            ? CUDABackend.headStateColumns(model.headScan, scan: .standard(for: precision)) : nil
    }

    private var heldBytes: Int { budgetBytes ?? ScoringBudget.defaultBytes }

    private func scoringBytes(for model: ModelConfiguration) -> Int {
        budgetBytes ?? ScoringBudget.bytes(besideWeights: weightBytes(of: model))
    }

    private func weightBytes(of model: ModelConfiguration) -> Int {
        model.parameterCount * precision.bytesPerWeight
    }

    private func describe(_ backend: some Backend) -> EngineDescription {
        EngineDescription(build: Build.name, name: backend.engine, arithmetic: backend.arithmetic)
    }
}

/// An engine that cannot be had.
public enum EngineError: Error, Equatable, CustomStringConvertible {
    case noSuchProduct(gemm: CPUBackend.GEMM, precision: Precision)
    case notOnCPU(Precision)
    case unknownPrecision(String)

    public var description: String {
        switch self {
        case .noSuchProduct(let gemm, let precision):
            "there is no \(precision.rawValue) product in \(gemm.rawValue); leave out --gemm, or ask for fp32"
        case .notOnCPU(let precision):
            """
            the CPU has no \(precision.rawValue) product: compute on a GPU with --backend cuda, or ask for \
            \(CPUBackend.precisions.map(\.rawValue).joined(separator: " or "))
            """
        case .unknownPrecision(let name):
            """
            this worker does not know the precision '\(name)' that the job asks for; it knows \
            \(Precision.allCases.map(\.rawValue).joined(separator: ", ")); update the worker
            """
        }
    }
}

/// A loaded model that scores requests under any reduction, whatever its device.
public struct Engine: Sendable {
    public let configuration: ModelConfiguration
    /// The device and kernels, part of a score's identity.
    public let name: String
    /// Memory for activations and states, in bytes, that a GPU's engine was given.
    let activationBytes: Int?
    private let run: @Sendable (Reduction, [ScoringRequest], (Int) -> Bool) throws -> [ScoringAnswer]
    private let meter: @Sendable (Measure, Reduction, (Int) -> Bool) throws -> MeasuredCost
    private let goOn:
        @Sendable (Reduction, [GenerationRequest], GenerationLimits, inout GenerationTimes) throws -> [GenerationAnswer]

    /// Loads a checkpoint's folder onto the device.
    public init(model directory: URL, options: EngineOptions = EngineOptions()) throws {
        try self.init(Checkpoint.open(directory), options: options)
    }

    /// - Parameter sha256: of the checkpoint, where it is known.
    public init(
        _ checkpoint: Checkpoint, options: EngineOptions = EngineOptions(), sha256: String? = nil
    ) throws {
        switch options.device {
        case .reference:
            try self.init(checkpoint, on: ReferenceBackend(precision: options.precision), options)
        case .cpu:
            try self.init(checkpoint, on: options.scoringBackend(for: checkpoint, sha256: sha256), options)
        case .cuda:
            let backend = try options.cudaBackend(for: checkpoint.configuration)
            var options = options
            options.budgetBytes = backend.device.memory.arena
            try self.init(checkpoint, on: backend, options)
        }
    }

    private init<B: Backend>(_ checkpoint: Checkpoint, on backend: B, _ options: EngineOptions) throws {
        let model = try LanguageModel(checkpoint, on: backend)
        configuration = model.configuration
        name = backend.engine
        activationBytes = options.budgetBytes
        let sharing = options.sharing
        run = { reduction, requests, shouldContinue in
            let budget = options.scoringBudget(
                for: model.configuration, keeping: reduction.method != .none || !backend.forksWithinPasses)
            return try Scorer(model: model, reduction: reduction, budget: budget, sharing: sharing)
                .score(requests, shouldContinue: shouldContinue)
        }
        meter = { [name] measure, reduction, shouldContinue in
            guard let memory = backend as? any CountsMemory else { throw MeasureError.uncounted(engine: name) }
            return try CostMeter(model: model, memory: memory, reduction: reduction).cost(
                of: measure, rowsTogether: options.rowsTogether(of: measure, model.configuration),
                warmUp: options.device == .cuda ? measure.promptTokens : 64, shouldContinue: shouldContinue)
        }
        let budget = options.generationBudget(for: model.configuration)
        goOn = { reduction, requests, limits, times in
            try Generator(model: model, reduction: reduction, budget: budget)
                .generate(requests, within: limits, times: &times)
        }
    }

    /// Rates every continuation of every request.
    ///
    /// - Parameter shouldContinue: asked between forward passes with the number of completed requests; `false` stops
    ///   with `CancellationError`.
    public func score(
        _ requests: [ScoringRequest], reduction: Reduction, shouldContinue: (Int) -> Bool = { _ in true }
    ) throws -> [ScoringAnswer] {
        try run(reduction, requests, shouldContinue)
    }

    /// Measures what the model takes under a reduction.
    ///
    /// - Parameter shouldContinue: asked between passes with the number of ended ones; `false` stops with
    ///   `CancellationError`.
    public func measure(
        _ measure: Measure, reduction: Reduction, shouldContinue: (Int) -> Bool = { _ in true }
    ) throws -> MeasuredCost {
        try meter(measure, reduction, shouldContinue)
    }

    /// Goes on from every prompt greedily; the reduction sheds tokens of the prompts.
    ///
    /// - Parameter times: is added to.
    public func generate(
        _ requests: [GenerationRequest], reduction: Reduction, within limits: GenerationLimits,
        times: inout GenerationTimes
    ) throws -> [GenerationAnswer] {
        try goOn(reduction, requests, limits, &times)
    }
}
