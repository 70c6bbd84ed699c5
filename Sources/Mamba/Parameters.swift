import Foundation
import ModelFiles
import Operations

/// The tensors below one prefix of a checkpoint, put on a device as they are asked for. A tensor's file is let go of
/// once the device has a copy, so that loading takes the weights' memory once.
struct Parameters<B: Backend> {
    let checkpoint: Checkpoint
    let backend: B
    /// Such as `backbone.layers.3.mixer.`
    var prefix = ""

    /// The tensors below a longer prefix.
    func below(_ path: String) -> Parameters {
        Parameters(checkpoint: checkpoint, backend: backend, prefix: prefix + path + ".")
    }

    /// A projection [outputs, inputs].
    func weight(_ name: String) throws -> B.Weight {
        let tensor = try checkpoint.tensor(prefix + name)
        defer { tensor.releasePages() }
        return try backend.weight(tensor)
    }

    /// A parameter vector, whatever its shape, row-major.
    func vector(_ name: String) throws -> B.Vector {
        try backend.vector(floats(name))
    }

    /// A = −exp(A_log), in float32.
    func negativeExponential(_ name: String) throws -> B.Vector {
        try backend.vector(floats(name).map { -exp($0) })
    }

    private func floats(_ name: String) throws -> [Float] {
        let tensor = try checkpoint.tensor(prefix + name)
        defer { tensor.releasePages() }
        return tensor.floats()
    }
}
