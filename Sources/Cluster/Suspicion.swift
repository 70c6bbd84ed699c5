/// Whether an example of a job kills its workers, and which: what is known from the leases that were lost while the job
/// was being computed.
///
/// After `attempts` losses in a row without a row between them the missing examples are searched by halves: a lease
/// carries only a half of the suspects; if it is lost, they are that half, and if it is done, the other one. Only an
/// example that was lost alone is guilty. So a poisoned example of n costs at most `attempts` + log2 n failed tries, and
/// workers that are killed at random make none guilty as long as now and then a row arrives.
struct Suspicion: Sendable, Equatable {
    /// Losses of a job in a row, charged or not, beyond which even those that nobody is charged for count as proof.
    static let silentLosses = 8

    struct Loss: Sendable, Equatable {
        let host: String
        /// Its worker was seen to fail; else it only fell silent.
        let isCharged: Bool
        /// The example that the worker named.
        var example: UInt32?
    }

    /// Those since the last row, or since the search began; bounded.
    private(set) var losses: [Loss] = []
    /// How many of them came after the last row.
    private var sinceRow = 0
    /// Charged ones since the search began, and at most how many there may be.
    private var tries = 0
    private var limit = Int.max
    /// Whom the search has narrowed down to; nil: there is no search.
    private(set) var suspects: [UInt32]?

    init() {}

    /// As much as an earlier start of the coordinator charged.
    init(recovered failures: some Sequence<ChargedFailure>) {
        losses = failures.map { Loss(host: $0.host, isCharged: true) }
        sinceRow = losses.count
        tries = losses.count
    }

    /// What the next lease is to be for; nil: all missing examples.
    var probe: [UInt32]? {
        suspects.map { $0.count > 1 ? Array($0.prefix(($0.count + 1) / 2)) : $0 }
    }

    /// Rows arrived, and these are still missing.
    mutating func rowsArrived(missing: [UInt32]) {
        sinceRow = 0
        guard let suspects else {
            losses = []
            return
        }
        let left = Set(suspects).intersection(missing).sorted()
        if left.isEmpty { self = Suspicion() } else { self.suspects = left }
    }

    /// A lease was lost while these examples of its part were missing. Returns the example that is guilty, if one is.
    ///
    /// - Parameters:
    ///   - part: what the lease was for that is still missing; nil if that is unknown.
    ///   - missing: of the job.
    ///   - hosts: on how many hosts it could be tried.
    mutating func lost(
        _ loss: Loss, part: [UInt32]?, missing: [UInt32], attempts: Int, hosts: Int
    ) -> UInt32? {
        if losses.count >= 64 { losses.removeFirst() }
        losses.append(loss)
        sinceRow += 1
        if loss.isCharged { tries += 1 }
        if let old = suspects, let part {
            let narrowed = old.filter(Set(part).contains)
            if !narrowed.isEmpty { suspects = narrowed }
        }
        let recent = losses.suffix(sinceRow)
        let charged = recent.count(where: \.isCharged)
        if suspects == nil {
            guard recent.count >= attempts, Self.areApart(recent, hosts) || recent.count >= attempts + 2 else {
                return nil
            }
            suspects = missing
            tries = charged
            limit = max(attempts, charged) + Self.halvings(missing.count)
            // A worker that names the example saves the search.
            if let named = loss.example, recent.suffix(attempts).allSatisfy({ $0.example == named }) {
                suspects = [named]
                return missing.contains(named) ? named : nil
            }
            return missing.count == 1 && charged >= attempts ? missing[0] : nil
        }
        guard let suspects, suspects.count == 1, part == suspects || missing == suspects else { return nil }
        let isProven =
            loss.isCharged && (charged >= attempts && Self.areApart(recent, hosts) || tries >= limit)
        return isProven || recent.count >= Self.silentLosses ? suspects[0] : nil
    }

    /// Whether losses happened on two hosts, where there are two.
    private static func areApart(_ losses: ArraySlice<Loss>, _ hosts: Int) -> Bool {
        hosts < 2 || losses.contains { $0.host != losses.first?.host }
    }

    private static func halvings(_ count: Int) -> Int {
        count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
    }
}
