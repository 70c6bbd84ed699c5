import CZeroMQ
import Foundation

/// What went wrong between this process and its peers, keys or sockets.
public enum MessagingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is no endpoint that we speak.
    case badEndpoint(String, reason: String)
    /// Nothing listens there now, for the reason given.
    case cannotBind(String, reason: String)
    /// The socket cannot even try to connect.
    case cannotConnect(String, reason: String)
    /// A key file cannot be made or used.
    case keyFile(path: String, reason: String)
    /// A text is not a CURVE key.
    case badKey(reason: String)
    /// A line of the file of authorised keys cannot be used; line 0 is the file itself.
    case authorizedKeys(file: String, line: Int, reason: String)
    /// This libzmq was built without CURVE.
    case curveUnavailable
    /// The poll loop has ended and runs nothing any more.
    case loopEnded(name: String)
    /// libzmq refused an operation that should work.
    case library(operation: String, reason: String)

    /// One line that names the thing, the place and the way out.
    public var description: String {
        switch self {
        case .badEndpoint(let endpoint, let reason): "bad endpoint '\(endpoint)': \(reason)"
        case .cannotBind(let endpoint, let reason): "cannot listen on \(endpoint): \(reason)"
        case .cannotConnect(let endpoint, let reason): "cannot connect to \(endpoint): \(reason)"
        case .keyFile(let path, let reason): "\(path): \(reason)"
        case .badKey(let reason): reason
        case .authorizedKeys(let file, 0, let reason): "\(file): \(reason)"
        case .authorizedKeys(let file, let line, let reason): "\(file):\(line): \(reason)"
        case .curveUnavailable: "this libzmq has no CURVE security: install one built with libsodium (libzmq3-dev)"
        case .loopEnded(let name): "the poll loop '\(name)' has ended"
        case .library(let operation, let reason): "\(operation) failed: \(reason)"
        }
    }

    /// The error for libzmq's last one on this thread.
    static func last(_ operation: String) -> MessagingError {
        .library(operation: operation, reason: reason(zmq_errno()))
    }

    static func reason(_ code: Int32) -> String { String(cString: zmq_strerror(code)) }

    /// Why a bind failed, in words that help.
    static func bindReason(_ code: Int32) -> String {
        switch code {
        case EADDRINUSE: "the address is in use: stop the process that listens there, or choose another port"
        case EACCES, EPERM: "permission denied: choose a port above 1023, or a folder that you may write to"
        case EADDRNOTAVAIL, ENODEV:
            "this machine has no such address or interface: use one of its IP addresses, an interface's name, or *"
        case ENOENT: "no such folder"
        case EAFNOSUPPORT: "this machine has no IPv6"
        default: reason(code)
        }
    }
}
