import Backends
import Benchmarks
import Cluster
import Foundation
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
    /// Memory for activations and states, in bytes, besides the weights.
    public var budgetBytes: Int
    /// Whether activations and states take what the weights leave of a GPU's free memory, instead of `budgetBytes`.
    public var takesFreeMemory = false
    /// Whether rows that sequences share run once; the scores are the same.
    public var sharing: PrefixSharing

    public init(
        device: Device = .cpu, deviceIndex: Int = 0, threads: Int = 1, gemm: CPUBackend.GEMM = .packed,
        precision: Precision = .fp32,
        budgetBytes: Int = ScoringBudget.defaultBytes, sharing: PrefixSharing = .on
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
            case .cpu: describe(cpu)
            case .cuda:
                describe(try CUDABackend(CUDADevice(deviceIndex, of: CUDALibrary()), precision: precision))
            }
        }
    }

    /// What engines of these options can compute products in, whatever the options' own precision.
    public var precisions: [Precision] { device == .cpu && gemm != .packed ? [.fp32] : Precision.allCases }

    /// What engines of these options can measure: nothing without books of their memory.
    public var measures: [Measure.Kind] { device == .reference ? [] : Measure.Kind.allCases }

    /// The CPU backend that the options ask for.
    ///
    /// - Throws: ``EngineError`` for a combination that there is not.
    public func cpuBackend() throws -> CPUBackend {
        guard gemm == .packed || precision == .fp32 else {
            throw EngineError.noSuchProduct(gemm: gemm, precision: precision)
        }
        return cpu
    }

    /// The CUDA backend that the options ask for, with the memory for activations and states set aside.
    ///
    /// - Parameter model: the one whose weights are to find room beside them.
    /// - Throws: `CUDAError` where there is no GPU to be had, or it has not as much memory.
    public func cudaBackend(for model: ModelConfiguration) throws -> CUDABackend {
        let library = try CUDALibrary()
        guard takesFreeMemory else {
            return CUDABackend(
                try CUDADevice(deviceIndex, of: library, activationBytes: budgetBytes), precision: precision)
        }
        let free = try CUDADevice(deviceIndex, of: library).properties.freeBytes
        let parameters = model.tensorShapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
        // A sixteenth is left for what the driver and cuBLASLt keep, and for other processes.
        let room = free - free / 16 - parameters * (precision == .fp32 ? 4 : 2)
        let device = try CUDADevice(deviceIndex, of: library, activationBytes: max(room, 1 << 28))
        return CUDABackend(device, precision: precision)
    }

    /// What is computed at a time. A GPU's memory is one piece: a quarter is left for what products need beside their
    /// results, and for pieces that do not fit.
    func scoringBudget(for model: ModelConfiguration) -> ScoringBudget {
        device == .cuda
            ? ScoringBudget(bytes: budgetBytes / 4 * 3, for: model, limit: .gpu)
            : ScoringBudget(bytes: budgetBytes, for: model)
    }

    private var cpu: CPUBackend {
        CPUBackend(threads: threads, gemm: gemm, precision: gemm == .packed ? precision : .fp32)
    }

    private func describe(_ backend: some Backend) -> EngineDescription {
        EngineDescription(build: Build.name, name: backend.engine, arithmetic: backend.arithmetic)
    }
}

/// An engine that cannot be had.
public enum EngineError: Error, Equatable, CustomStringConvertible {
    case noSuchProduct(gemm: CPUBackend.GEMM, precision: Precision)
    case unknownPrecision(String)

    public var description: String {
        switch self {
        case .noSuchProduct(let gemm, let precision):
            "there is no \(precision.rawValue) product in \(gemm.rawValue); leave out --gemm, or ask for fp32"
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
    private let run: @Sendable (Reduction, [ScoringRequest], (Int) -> Bool) throws -> [ScoringAnswer]
    private let meter: @Sendable (Measure, Reduction, (Int) -> Bool) throws -> MeasuredCost
    private let goOn:
        @Sendable (Reduction, [GenerationRequest], GenerationLimits, inout GenerationTimes) throws -> [GenerationAnswer]

    /// Loads a checkpoint's folder onto the device.
    public init(model directory: URL, options: EngineOptions = EngineOptions()) throws {
        try self.init(Checkpoint.open(directory), options: options)
    }

    public init(_ checkpoint: Checkpoint, options: EngineOptions = EngineOptions()) throws {
        switch options.device {
        case .reference:
            try self.init(checkpoint, on: ReferenceBackend(precision: options.precision), options)
        case .cpu: try self.init(checkpoint, on: options.cpuBackend(), options)
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
        let budget = options.scoringBudget(for: model.configuration)
        let sharing = options.sharing
        run = { reduction, requests, shouldContinue in
            try Scorer(model: model, reduction: reduction, budget: budget, sharing: sharing)
                .score(requests, shouldContinue: shouldContinue)
        }
        meter = { [name] measure, reduction, shouldContinue in
            guard let memory = backend as? any CountsMemory else { throw MeasureError.uncounted(engine: name) }
            return try CostMeter(model: model, memory: memory, reduction: reduction).cost(
                of: measure, rowsTogether: options.rowsTogether(of: measure, model.configuration),
                warmUp: options.device == .cuda ? measure.promptTokens : 64, shouldContinue: shouldContinue)
        }
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
