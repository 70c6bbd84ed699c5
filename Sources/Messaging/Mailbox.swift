import Synchronization

/// Work for a thread that waits on sockets: any thread puts, the owner is woken over inproc and takes.
///
/// At most one wake-up is under way, however much is put. Invariant of the unchecked conformance: `sender` is used
/// under the lock of `state` only, `receiver` by the taking thread only.
final class Mailbox<Item: Sendable>: Pollable, @unchecked Sendable {
    private struct State {
        var items: [Item] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let sender: Socket
    private let receiver: Socket

    init(in context: MessagingContext) throws(MessagingError) {
        receiver = try Socket(.pair, in: context)
        sender = try Socket(.pair, in: context)
        let name = context.uniqueName("wake")
        try receiver.bind(name)
        try sender.connect(name)
    }

    var pollItems: [PollItem] { [PollItem(receiver)] }

    /// Adds an item and wakes the owner; false when it has closed the box.
    func put(_ item: Item) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.items.append(item)
            if state.items.count == 1 { _ = try? sender.send([]) }
            return true
        }
    }

    /// Everything put so far, in order.
    func take() throws(MessagingError) -> [Item] {
        while try receiver.receive() != nil {}
        return state.withLock { state in
            defer { state.items = [] }
            return state.items
        }
    }

    /// Takes what is left and refuses everything later.
    func close() -> [Item] {
        state.withLock { state in
            state.isClosed = true
            defer { state.items = [] }
            return state.items
        }
    }
}
