import Messaging
import Testing

@Suite("What a key may ask")
struct PeerLimitsTests {
    private static var small: PeerLimits.Parameters {
        var parameters = PeerLimits.Parameters()
        parameters.worker = .init(messagesPerSecond: 10, messageBurst: 20, bytesPerSecond: 1000, byteBurst: 5000)
        parameters.client = .init(messagesPerSecond: 1, messageBurst: 2, bytesPerSecond: 1000, byteBurst: 5000)
        parameters.patience = 30
        return parameters
    }

    @Test("a peer within its rate is never held up")
    func honest() {
        var limits = PeerLimits(Self.small)
        for second in 0..<1000 {
            for _ in 0..<10 { #expect(limits.judge("a", .worker, bytes: 90, at: Double(second)) == .accepted) }
        }
        #expect(limits.counters.throttled == 0 && limits.counters.ignored == 0)
    }

    @Test("beyond its messages a peer loses some, then is ignored for a minute, then is welcome again")
    func flood() {
        var limits = PeerLimits(Self.small)
        var verdicts: [PeerLimits.Verdict] = []
        for _ in 0..<60 { verdicts.append(limits.judge("a", .worker, bytes: 1, at: 5)) }
        #expect(verdicts.prefix(20).allSatisfy { $0 == .accepted })
        #expect(verdicts[20..<50].allSatisfy { $0 == .throttled })
        guard case .cutOff = verdicts[50] else {
            Issue.record("not cut off: \(verdicts[50])")
            return
        }
        #expect(verdicts[51...].allSatisfy { $0 == .ignored })
        #expect(limits.judge("b", .worker, bytes: 1, at: 5) == .accepted, "others are not held up")
        #expect(limits.judge("a", .worker, bytes: 1, at: 64) == .ignored)
        #expect(limits.judge("a", .worker, bytes: 1, at: 66) == .accepted)
        #expect(limits.counters.keysCutOff == 1 && limits.counters.throttled == 31)
    }

    @Test("bytes count like messages, and a client has less than a worker")
    func bytesAndRoles() {
        var limits = PeerLimits(Self.small)
        for _ in 0..<5 { #expect(limits.judge("a", .worker, bytes: 1000, at: 0) == .accepted) }
        #expect(limits.judge("a", .worker, bytes: 1000, at: 0.5) == .throttled)
        #expect(limits.judge("a", .worker, bytes: 1000, at: 1.5) == .accepted)
        for _ in 0..<2 { #expect(limits.judge("c", .client, bytes: 1, at: 0) == .accepted) }
        #expect(limits.judge("c", .client, bytes: 1, at: 0) == .throttled)
    }

    @Test("frames that a peer may not send cut it off after twenty a minute, not if they are rare")
    func offences() {
        var limits = PeerLimits()
        for minute in 0..<100 {
            for _ in 0..<10 { #expect(limits.offend("rare", .viewer, at: Double(minute) * 60) == .accepted) }
        }
        for _ in 0..<20 { #expect(limits.offend("a", .viewer, at: 0) == .accepted) }
        guard case .cutOff = limits.offend("a", .viewer, at: 0) else {
            Issue.record("not cut off")
            return
        }
        #expect(limits.judge("a", .viewer, bytes: 1, at: 1) == .ignored)
    }

    @Test("sessions are opened again and again only slowly, and a clock that stands still gives nothing")
    func hellos() {
        var limits = PeerLimits()
        let verdicts = (0..<30).map { _ in limits.judgeHello("a", at: 3) }
        #expect(verdicts.count { $0 == .accepted } == 20)
        #expect(limits.judgeHello("a", at: 1) == .throttled)
        #expect(limits.judgeHello("a", at: 6) == .accepted)
    }

    @Test("a key that is no longer admitted is forgotten")
    func forgotten() {
        var limits = PeerLimits(Self.small)
        for _ in 0..<60 { _ = limits.judge("a", .worker, bytes: 1, at: 5) }
        limits.keep { $0 != "a" }
        #expect(limits.judge("a", .worker, bytes: 1, at: 5) == .accepted)
    }
}
