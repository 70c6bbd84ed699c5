import Dispatch
import Foundation
import Store
import Synchronization

/// Read-only connections to the store, each on a thread of its own: two for what is read fast, one for what takes long.
final class StorePool: Sendable {
    private struct Lane: Sendable {
        let reader: StoreReader
        let queue: DispatchQueue

        init(_ path: String, _ label: String, _ quality: DispatchQoS) throws {
            reader = try StoreReader(path)
            queue = DispatchQueue(label: label, qos: quality)
        }

        func read<Value: Sendable>(_ body: @escaping @Sendable (StoreView) throws -> Value) async throws -> Value {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { continuation.resume(with: Result { try reader.read(body) }) }
            }
        }
    }

    private let fast: [Lane]
    private let slow: Lane
    private let turn = Atomic(0)

    init(_ path: String) throws {
        fast = try (0..<2).map { try Lane(path, "molt.dashboard.\($0)", .userInitiated) }
        slow = try Lane(path, "molt.dashboard.reports", .utility)
    }

    /// Runs a query that reads no more than a cell.
    func read<Value: Sendable>(_ body: @escaping @Sendable (StoreView) throws -> Value) async throws -> Value {
        let place = turn.wrappingAdd(1, ordering: .relaxed).newValue
        return try await fast[(place & Int.max) % fast.count].read(body)
    }

    /// Runs a query that reads whole runs, one at a time.
    func readWhole<Value: Sendable>(_ body: @escaping @Sendable (StoreView) throws -> Value) async throws -> Value {
        try await slow.read(body)
    }

    /// Closes the connections when their last query has ended.
    func close() throws {
        for lane in fast + [slow] { try lane.queue.sync { try lane.reader.close() } }
    }
}
