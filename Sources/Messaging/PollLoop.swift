import Dispatch
import Foundation
import Synchronization

/// The work of a poll loop: made on the loop's thread, used there only, and gone before the loop has ended.
public protocol PollHandler: SendableMetatype {
    /// What to wait on before the next turn.
    var pollables: [any Pollable] { get }

    /// One turn: called at first, after input or posted work, and at the time that the last turn asked for.
    ///
    /// A socket that stays readable brings the next turn at once, so a turn need not read everything.
    mutating func turn(now: MonotonicInstant) throws -> NextTurn
}

/// When a poll loop turns next, input and posted work aside.
public enum NextTurn: Sendable, Equatable {
    case onInput
    case at(MonotonicInstant)
    case stop
}

/// A thread that owns sockets: it waits for input, a deadline or work posted by other threads, and then turns.
public final class PollLoop<Handler: PollHandler>: Sendable {
    /// The thread's name; Linux shows the first 15 bytes.
    public let name: String
    private let mailbox: Mailbox<Work>
    private let ended = Outcome()

    private struct Work: Sendable {
        /// Nil stops the loop.
        var run: (@Sendable (inout Handler) -> Void)?
        var abandon: @Sendable () -> Void = {}
    }

    /// Starts the thread, which makes its handler there; returns when it is made, or throws what making it threw.
    public init(
        _ name: String, in context: MessagingContext, make: @escaping @Sendable () throws -> Handler
    ) throws {
        self.name = name
        mailbox = try Mailbox(in: context)
        let started = Outcome()
        let thread = Thread { [mailbox, ended] in
            do {
                var handler = try make()
                started.set(nil)
                try Self.run(&handler, mailbox)
                Self.close(mailbox, ended, nil)
            } catch {
                started.set(error)
                Self.close(mailbox, ended, error)
            }
        }
        thread.name = name
        thread.start()
        try started.wait()
    }

    deinit { stop() }

    /// Runs work on the loop's thread before its next turn; false when the loop has ended.
    @discardableResult
    public func post(_ work: @escaping @Sendable (inout Handler) -> Void) -> Bool {
        mailbox.put(Work(run: work))
    }

    /// Runs work on the loop's thread and waits for its result.
    public func ask<Answer: Sendable>(
        _ work: @escaping @Sendable (inout Handler) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let error = MessagingError.loopEnded(name: name)
            let isTaken = mailbox.put(
                Work(
                    run: { handler in continuation.resume(with: Result { try work(&handler) }) },
                    abandon: { continuation.resume(throwing: error) }))
            if !isTaken { continuation.resume(throwing: error) }
        }
    }

    /// Ends the loop after the work posted before.
    public func stop() { _ = mailbox.put(Work()) }

    /// Blocks until the loop has ended and its sockets are closed; throws what ended it. Not for the loop's thread.
    public func wait() throws { try ended.wait() }

    private static func run(_ handler: inout Handler, _ mailbox: Mailbox<Work>) throws {
        while true {
            let next = try handler.turn(now: .now)
            if next == .stop { return }
            var deadline: MonotonicInstant?
            if case .at(let instant) = next { deadline = instant }
            try Poll.wait(on: handler.pollables + [mailbox], until: deadline)
            for work in try mailbox.take() {
                guard let run = work.run else { return }
                run(&handler)
            }
        }
    }

    private static func close(_ mailbox: Mailbox<Work>, _ ended: Outcome, _ error: (any Error)?) {
        for work in mailbox.close() { work.abandon() }
        ended.set(error)
    }
}

/// Whether something succeeded, for any number of waiting threads. Only the first outcome counts.
private final class Outcome: Sendable {
    private let result = Mutex<Result<Void, any Error>?>(nil)
    private let group = DispatchGroup()

    init() { group.enter() }

    func set(_ error: (any Error)?) {
        let isFirst = result.withLock { result in
            guard result == nil else { return false }
            result = error.map { .failure($0) } ?? .success(())
            return true
        }
        if isFirst { group.leave() }
    }

    func wait() throws {
        group.wait()
        try result.withLock { $0 }?.get()
    }
}
