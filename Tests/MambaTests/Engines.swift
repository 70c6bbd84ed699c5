import Backends
import Operations

/// The backends that every suite runs on.
enum Engine: String, CaseIterable, Sendable, CustomStringConvertible {
    case reference

    var backend: any Backend {
        switch self {
        case .reference: ReferenceBackend()
        }
    }

    var description: String { rawValue }
}
