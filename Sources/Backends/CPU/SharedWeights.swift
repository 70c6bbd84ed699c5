import Foundation
import Synchronization

/// How workers of one user on one machine come to keep packed weights once.
public struct WeightSharing: Sendable {
    /// The hash of the model's content.
    public var model: String
    /// Bytes that all its packed weights can take.
    public var capacity: Int
    /// Where workers find each other.
    public var folder: URL
    /// Told in a sentence what became of it.
    public var note: @Sendable (String) -> Void

    public init(
        model: String, capacity: Int, folder: URL = Self.standardFolder,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.model = model
        self.capacity = capacity
        self.folder = folder
        self.note = note
    }

    /// In the user's folder for what runs, where the system gives one, or else in the folder for temporary files.
    public static var standardFolder: URL {
        if let folder = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") {
            return URL(fileURLWithPath: folder).appendingPathComponent("molt-weights")
        }
        return FileManager.default.temporaryDirectory.appendingPathComponent("molt-weights-\(geteuid())")
    }
}

/// The packed weights of a model, as a backend puts them on its device: found with another worker, or packed here for
/// those that come.
final class SharedWeights: Sendable {
    /// Changes when the layout of packed weights does.
    private static let format = 1

    /// How long another worker may pack.
    private static let patience = Duration.seconds(180)

    private struct State {
        var memory: WeightMemory?
        /// What is held until the weights are packed; nil where they were found.
        var filling: Filling?
    }

    private final class Filling {
        let registration: WeightRegistration
        private let lock: WeightRegistration.Lock

        init(_ registration: WeightRegistration, _ lock: consuming WeightRegistration.Lock) {
            self.registration = registration
            self.lock = lock
        }

        func enter(_ memory: WeightMemory) {
            registration.write([.init(process: getpid(), file: memory.file)], lock)
        }

        func leave() { registration.write([], lock) }
    }

    private let state: Mutex<State>
    private let note: @Sendable (String) -> Void

    /// Looks for the weights; waits while another worker packs them.
    ///
    /// - Parameter layout: of the packed weights.
    init(_ sharing: WeightSharing, layout: String) {
        note = sharing.note
        let key = "\(sharing.model)-\(layout)-\(Self.format)"
        guard let registration = WeightRegistration(key, in: sharing.folder),
            let lock = registration.lock(patience: Self.patience)
        else {
            note("packs its own weights: there is no private folder at \(sharing.folder.path), or it is locked")
            state = Mutex(State())
            return
        }
        var holders = registration.holders(lock)
        while let holder = holders.first {
            if let memory = WeightMemory(key: key, heldBy: holder) {
                registration.write(holders + [.init(process: getpid(), file: memory.file)], lock)
                memory.isRegistered(in: registration)
                note("shares its weights with process \(holder.process)")
                state = Mutex(State(memory: memory))
                return
            }
            holders.removeFirst()
        }
        let memory = WeightMemory(filling: key, capacity: sharing.capacity)
        if memory == nil { note("packs its own weights: the system has no memory that processes can share") }
        state = Mutex(State(memory: memory, filling: memory == nil ? nil : Filling(registration, lock)))
    }

    deinit { state.withLock { $0.filling?.leave() } }

    /// Where a weight of so many floats is, or is to be put.
    struct Place {
        let floats: UnsafeMutablePointer<Float>
        /// Whether it is there already, and must not be written to.
        let isFilled: Bool
        /// Keeps the memory.
        let owner: AnyObject
    }

    /// Nil for a weight that is not shared.
    func place(_ name: String, floats: Int) -> Place? {
        state.withLock { state in
            guard let memory = state.memory else { return nil }
            if state.filling != nil {
                return memory.room(for: name, floats: floats).map { Place(floats: $0, isFilled: false, owner: memory) }
            }
            return memory.weight(name, floats: floats).map { Place(floats: $0, isFilled: true, owner: memory) }
        }
    }

    /// All weights have been put in their places: from here on others may have them.
    func finish() {
        state.withLock { state in
            if let memory = state.memory, let filling = state.filling {
                if memory.seal() {
                    filling.enter(memory)
                    memory.isRegistered(in: filling.registration)
                } else {
                    filling.leave()
                    note("keeps its weights to itself: the system does not seal their memory")
                }
            }
            // The weights keep the memory from here on.
            state = State()
        }
    }
}
