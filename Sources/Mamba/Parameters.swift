import Foundation
import ModelFiles
import Operations

/// The tensors below one prefix of a checkpoint, put on a device as they are asked for.
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
        try backend.weight(checkpoint.tensor(prefix + name))
    }

    /// A parameter vector, whatever its shape, row-major.
    func vector(_ name: String) throws -> B.Vector {
        try backend.vector(checkpoint.tensor(prefix + name).floats())
    }

    /// A = −exp(A_log), in float32.
    func negativeExponential(_ name: String) throws -> B.Vector {
        try backend.vector(checkpoint.tensor(prefix + name).floats().map { -exp($0) })
    }
}
