import CUDAKernels
import Operations

extension CUDABackend {
    public func repeating(
        _ loop: inout StepLoop, of tokens: [Int32], _ step: ([Int32]) throws -> [TokenChoice]
    ) throws -> [TokenChoice] {
        guard recordsSteps else { return try step(tokens) }
        guard let steps = loop.memory as? CUDASteps else {
            // Done as usual, so that what happens once has happened when the second is written down.
            let choices = try step(tokens)
            loop.memory = CUDASteps(of: tokens.count, on: device)
            return choices
        }
        if steps.state == .unwritten {
            forgetSegments()
            steps.record {
                _ = try step(tokens)
            } atLast: {
                forgetSegments()
            }
        }
        return try steps.repeated(tokens) ?? step(tokens)
    }
}

/// A step of decoding, written down as one piece of work for the device; used by one thread.
final class CUDASteps {
    enum State: Equatable {
        case unwritten
        case written(OpaquePointer)
        /// Cannot be written down: it is asked for in the usual way.
        case refused
    }

    private(set) var state = State.unwritten
    private let sequences: Int
    private let device: CUDADevice

    init(of sequences: Int, on device: CUDADevice) {
        self.sequences = sequences
        self.device = device
    }

    deinit {
        if case .written(let recording) = state { device.functions.forget(device.handle, recording) }
    }

    /// Writes down what `step` asks for; nothing is done meanwhile.
    func record(_ step: () throws -> Void, atLast: () -> Void) {
        state = .refused
        guard let recording = device.functions.begin_recording(device.handle) else { return }
        var isWhole = true
        do { try step() } catch { isWhole = false }
        atLast()
        guard device.functions.end_recording(device.handle, recording) != 0 else { return }
        if isWhole { state = .written(recording) } else { device.functions.forget(device.handle, recording) }
    }

    /// Takes the step again, with other tokens; nil where it was not written down.
    func repeated(_ tokens: [Int32]) throws -> [TokenChoice]? {
        guard case .written(let recording) = state else { return nil }
        precondition(tokens.count == sequences, "a step of \(sequences) sequences repeated for \(tokens.count)")
        var folds = [mc_fold](repeating: mc_fold(), count: sequences)
        device.functions.repeat(
            device.handle, recording, tokens, UInt64(sequences * MemoryLayout<Int32>.stride), &folds,
            UInt64(sequences * MemoryLayout<mc_fold>.stride))
        try device.check()
        return folds.map(\.choice)
    }
}
