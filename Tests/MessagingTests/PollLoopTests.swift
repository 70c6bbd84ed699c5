import Foundation
import Messaging
import Testing

@Suite("PollLoop")
struct PollLoopTests {
    /// Notes its turns; sets deadlines when asked to.
    struct Counter: PollHandler {
        var turns = 0
        var numbers: [Int] = []
        var failure: (any Error)?
        var interval: Duration?
        var intervalsLeft = 0
        var deadline: MonotonicInstant?
        var earliness: [Duration] = []

        var pollables: [any Pollable] { [] }

        mutating func turn(now: MonotonicInstant) throws -> NextTurn {
            turns += 1
            if let failure { throw failure }
            guard let interval else { return .onInput }
            if let deadline {
                earliness.append(now.duration(to: deadline))
                if intervalsLeft == 0 { return .stop }
            }
            intervalsLeft -= 1
            let next = now + interval
            deadline = next
            return .at(next)
        }
    }

    struct Broken: Error, Equatable {}

    @Test("work posted by many threads wakes the loop and runs once, in each thread's order")
    func posting() async throws {
        let loop = try PollLoop("posting", in: MessagingContext()) { Counter() }
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<500 { loop.post { $0.numbers.append(task * 500 + number) } }
                }
            }
        }
        let numbers = try await loop.ask { $0.numbers }
        #expect(numbers.sorted() == Array(0..<4000))
        for task in 0..<8 {
            let own = numbers.filter { $0 / 500 == task }
            #expect(own == own.sorted())
        }
    }

    @Test("a question to the loop returns its answer or its error")
    func asking() async throws {
        let loop = try PollLoop("asking", in: MessagingContext()) { Counter() }
        #expect(try await loop.ask { $0.turns } == 1)
        await #expect(throws: Broken.self) { try await loop.ask { _ in throw Broken() } }
        #expect(try await loop.ask { $0.turns } >= 2)
    }

    @Test("a turn comes at its deadline, never before, and the loop does not spin until then")
    func deadlines() throws {
        let box = Box<Counter>()
        let loop = try PollLoop("deadlines", in: MessagingContext()) {
            Observed(counter: Counter(interval: .milliseconds(30), intervalsLeft: 6), box: box)
        }
        try loop.wait()
        let counter = try #require(box.value)
        #expect(counter.earliness.count == 6)
        #expect(counter.earliness.allSatisfy { $0 <= .zero })
        #expect(counter.turns == 7)
    }

    @Test("stopping runs the work posted before; later work is refused")
    func stopping() async throws {
        let loop = try PollLoop("stopping", in: MessagingContext()) { Counter() }
        let box = Box<Int>()
        loop.post { _ in box.value = 1 }
        loop.stop()
        try loop.wait()
        #expect(box.value == 1)
        #expect(loop.post { _ in box.value = 2 } == false)
        await #expect(throws: MessagingError.loopEnded(name: "stopping")) { try await loop.ask { $0.turns } }
        #expect(box.value == 1)
    }

    @Test("a handler that cannot be made fails the start")
    func failingStart() throws {
        let context = try MessagingContext()
        #expect(throws: Broken.self) { try PollLoop<Counter>("failing", in: context) { throw Broken() } }
    }

    @Test("a turn's error ends the loop, and whoever waits learns it")
    func failingTurn() throws {
        let loop = try PollLoop("failing", in: MessagingContext()) { Counter() }
        loop.post { $0.failure = Broken() }
        #expect(throws: Broken.self) { try loop.wait() }
    }

    @Test("a loop serves its sockets while other threads post")
    func serving() async throws {
        let serverKeys = try CurveKeyPair.generate()
        let peerKeys = try CurveKeyPair.generate()
        let context = try MessagingContext()
        let list = AllowList(AuthorizedKeys([.init(role: .worker, key: peerKeys.publicKey)]))
        let authenticator = try Authenticator(list, in: context)
        let loop = try PollLoop("serving", in: context) {
            try Echo(keys: serverKeys, authenticator: authenticator)
        }
        let endpoint = try await loop.ask { $0.endpoint }
        let dealer = try DealerEndpoint(
            connectingTo: endpoint, serverKey: serverKeys.publicKey, keys: peerKeys, in: MessagingContext())
        for number in 0..<200 as Range<UInt8> {
            loop.post { $0.posted += 1 }
            try dealer.deliver([number])
            #expect(try dealer.reply() == [number])
        }
        #expect(try await loop.ask { $0.posted } == 200)
        loop.stop()
        try loop.wait()
    }

    /// Sends everything back.
    struct Echo: PollHandler {
        let router: RouterEndpoint
        let endpoint: String
        var posted = 0

        init(keys: CurveKeyPair, authenticator: Authenticator) throws {
            router = try RouterEndpoint(keys: keys, authenticator: authenticator)
            endpoint = try router.bind("tcp://127.0.0.1:*")
        }

        var pollables: [any Pollable] { [router] }

        mutating func turn(now: MonotonicInstant) throws -> NextTurn {
            while let inbound = try router.receive() { _ = try router.send(inbound.payload, to: inbound.peer) }
            return .onInput
        }
    }

    /// Hands out a counter's state after each turn.
    struct Observed: PollHandler {
        var counter: Counter
        let box: Box<Counter>

        var pollables: [any Pollable] { [] }

        mutating func turn(now: MonotonicInstant) throws -> NextTurn {
            defer { box.value = counter }
            return try counter.turn(now: now)
        }
    }

    /// A value that threads share.
    final class Box<Value: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var stored: Value?

        var value: Value? {
            get { lock.withLock { stored } }
            set { lock.withLock { stored = newValue } }
        }
    }
}
