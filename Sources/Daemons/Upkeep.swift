import Cluster
import Foundation
import Logging
import Messaging
import Wording

/// What the coordinator's thread looks after once a second.
struct Upkeep {
    static let interval: Milliseconds = 1_000

    var keys: KeysFile?
    var last: Instant?
    /// Of the list of keys that the sessions were held to.
    var keysGeneration: Int?
    /// Refused handshakes that were logged, or are too old to be.
    var refusalsSeen = 0
    var memory: MemoryGuard

    init(keys: KeysFile?, memoryLimit: UInt64) {
        self.keys = keys
        memory = MemoryGuard(limit: memoryLimit)
    }
}

/// Notices that the process's memory grows beyond its limit. A pure value.
///
/// libzmq does not bound a message of many parts that never ends, and cannot cut off one peer. So all connections are
/// dropped, with what they hold; what remains then is the process's own, and the next alarm is as much above it.
struct MemoryGuard {
    static let margin: UInt64 = 256 << 20
    static let settling: Milliseconds = 5_000

    let limit: UInt64
    private var alarm: UInt64
    private var since: Instant?

    init(limit: UInt64) {
        self.limit = limit
        alarm = limit
    }

    /// Whether to drop all connections now.
    mutating func isExceeded(by resident: UInt64, at now: Instant) -> Bool {
        if let since {
            guard now - since >= Self.settling else { return false }
            self.since = nil
            alarm = max(limit, resident + Self.margin)
        }
        guard resident > alarm else { return false }
        since = now
        return true
    }

    /// Whether connections were dropped a moment ago, and freed memory is to be given back.
    var isSettling: Bool { since != nil }
}

extension CoordinatorLoop {
    /// Keys, refusals, memory and descriptors.
    mutating func lookAfter(at now: Instant) throws {
        holdSessionsToKeys()
        if let last = upkeep.last, now - last < Upkeep.interval { return }
        upkeep.last = now
        if var keys = upkeep.keys {
            take(openFiles.lend { keys.look() }, of: keys.path)
            upkeep.keys = keys
        }
        reportRefusals()
        if openFiles.isNearLimit {
            remark(
                .error, "open files",
                """
                nearly all of the \(openFiles.limit) files that this process may open are taken, so that further \
                connections wait: raise `ulimit -n`, or LimitNOFILE of its service
                """, [:])
        }
        try guardMemory(at: now)
        // Events that no change has carried into the journal.
        try store.commit([])
    }

    /// Reads the file of keys again, as SIGHUP asks.
    mutating func reloadKeys() {
        guard var keys = upkeep.keys else { return }
        take(openFiles.lend { keys.readNow() }, of: keys.path)
        upkeep.keys = keys
        holdSessionsToKeys()
    }

    private mutating func take(_ change: KeysFile.Change, of path: String) {
        switch change {
        case .none: break
        case .read(let keys):
            allowList.replace(with: keys)
            let admitted = counted(keys.entries.count, "key is", "keys are")
            log.notice("read \(path) again: \(admitted) admitted")
            note(.accessChanged, "\(admitted) admitted")
        case .unreadable(let reason): log.error("kept the old list of keys: \(reason)")
        }
    }

    /// Ends the sessions of keys that are no workers' any more.
    private mutating func holdSessionsToKeys() {
        let generation = allowList.generation
        guard upkeep.keysGeneration != generation else { return }
        upkeep.keysGeneration = generation
        let list = allowList
        limits.keep { list[$0] != nil }
        for id in sessions.keys.sorted() {
            guard let worker = sessions[id]?.worker, allowList[worker]?.role != .worker else { continue }
            counters.sessionsRevoked += 1
            log.notice(
                "a worker's key is no longer admitted: its leases go elsewhere",
                metadata: ["session": "\(id)", "worker": "\(name(worker))"])
            note(.accessChanged, "\(name(worker)) is no longer admitted as a worker")
            feed(.disconnected(id))
        }
    }

    private mutating func reportRefusals() {
        let record = router.authenticator.record
        let new = record.refused - upkeep.refusalsSeen
        upkeep.refusalsSeen = record.refused
        for refusal in record.lastRefusals.suffix(max(0, new)) {
            remark(
                .warning, "refused \(refusal.key ?? refusal.address)", "refused a connection: \(refusal.reason)",
                ["worker": "\(refusal.key ?? "none")", "address": "\(refusal.address)"])
        }
    }

    private mutating func guardMemory(at now: Instant) throws {
        let resident = Machine.residentBytes
        if upkeep.memory.isSettling { MessagingContext.returnFreedMemory() }
        guard upkeep.memory.isExceeded(by: resident, at: now) else { return }
        log.error(
            """
            the process has \(resident >> 20) MiB, more than its \(upkeep.memory.limit >> 20) MiB: dropping all \
            connections with what they hold; honest peers come back by themselves. If it happens again, a peer sends \
            messages that never end: find it among the addresses of refused and throttled peers, or limit what may connect
            """)
        try router.reopen()
        MessagingContext.returnFreedMemory()
    }
}
