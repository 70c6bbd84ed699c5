/// Two systems on the same documents, each right or wrong: what differs, and with what certainty.
public struct PairedAccuracy: Sendable, Equatable {
    /// Documents that both answer rightly.
    public let bothRight: Int
    /// Documents that only the baseline answers rightly: lost by the candidate.
    public let onlyBaseline: Int
    /// Documents that only the candidate answers rightly: gained by it.
    public let onlyCandidate: Int
    /// Documents that neither answers rightly.
    public let bothWrong: Int
    /// The percentile bootstrap interval of `difference` at 95 %: see ``bootstrapInterval(lost:gained:of:)``.
    ///
    /// Without discordant documents it has no width, as the bootstrap knows no difference that it has not seen; read
    /// `minimumDetectableDifference` then.
    public let interval: ConfidenceInterval
    /// The two-sided p-value of the exact McNemar test: see ``mcNemar(lost:gained:)``.
    public let pValue: Double
    /// The smallest true difference that the test would have found with a power of 0.8, or nil when there is none for so
    /// few documents: see ``DetectableDifference``.
    public let minimumDetectableDifference: Double?

    /// The comparison over documents, of which there is at least one.
    public init(bothRight: Int, onlyBaseline: Int, onlyCandidate: Int, bothWrong: Int) {
        precondition(min(bothRight, onlyBaseline, onlyCandidate, bothWrong) >= 0, "counts are not negative")
        self.bothRight = bothRight
        self.onlyBaseline = onlyBaseline
        self.onlyCandidate = onlyCandidate
        self.bothWrong = bothWrong
        let documents = bothRight + onlyBaseline + onlyCandidate + bothWrong
        precondition(documents > 0, "a comparison needs a document")
        interval = PairedAccuracy.bootstrapInterval(lost: onlyBaseline, gained: onlyCandidate, of: documents)
        pValue = PairedAccuracy.mcNemar(lost: onlyBaseline, gained: onlyCandidate)
        minimumDetectableDifference = DetectableDifference.minimum(
            documents: documents, discordantShare: Double(onlyBaseline + onlyCandidate) / Double(documents))
    }

    /// The paired documents.
    public var documents: Int { bothRight + onlyBaseline + onlyCandidate + bothWrong }

    /// Documents that exactly one of the two answers rightly.
    public var discordant: Int { onlyBaseline + onlyCandidate }

    /// The baseline's share of right answers.
    public var baselineAccuracy: Double { Double(bothRight + onlyBaseline) / Double(documents) }

    /// The candidate's share of right answers.
    public var candidateAccuracy: Double { Double(bothRight + onlyCandidate) / Double(documents) }

    /// The candidate's accuracy less the baseline's.
    public var difference: Double { Double(onlyCandidate - onlyBaseline) / Double(documents) }

    /// The standard error of `difference`, √(Σ(d − d̄)²/(n − 1))/√n over the documents' differences −1, 0 and 1; nil for a
    /// single document.
    public var standardError: Double? {
        guard documents > 1 else { return nil }
        let count = Double(documents)
        let squares = Double(discordant) - count * difference * difference
        return (max(0, squares) / (count - 1) / count).squareRoot()
    }
}

extension PairedAccuracy {
    /// The two-sided p-value of McNemar's test in its exact form: the probability, were a discordant document as likely
    /// lost as gained, of counts at least as far apart.
    ///
    /// 2·P(X ≤ min(lost, gained)), at most 1, with X binomial over the discordant documents at 1/2 (McNemar, 1947; exact
    /// form as in `scipy.stats.binomtest`). Without discordant documents 1.
    public static func mcNemar(lost: Int, gained: Int) -> Double {
        let discordant = Binomial(trials: lost + gained, probability: 0.5)
        return lost == gained ? 1 : min(1, 2 * discordant.lowerTail(min(lost, gained)))
    }

    /// The percentile bootstrap interval of the difference of accuracies, without drawing a resample.
    ///
    /// A resample of n documents with replacement has a difference of (G − L)/n, where (L, G, rest) is multinomial over n
    /// with the observed shares; a document's difference takes no other value than −1, 0 and 1, so that this is the
    /// bootstrap's whole distribution, and its quantiles are what ever more resamples approach. G + L is binomial, and so
    /// is G for a given G + L: the masses of G − L are summed over both. Each end is the outermost difference with at
    /// least 2.5 % of the mass at or beyond it, so that exchanging the sides mirrors the interval.
    public static func bootstrapInterval(lost: Int, gained: Int, of documents: Int) -> ConfidenceInterval {
        precondition(lost >= 0 && gained >= 0 && lost + gained <= documents && documents > 0)
        let (lowest, masses) = differenceMasses(lost: lost, gained: gained, of: documents)
        func steps<Masses: Sequence<Double>>(_ masses: Masses) -> Int {
            var sum = 0.0
            var steps = 0
            for mass in masses {
                sum += mass
                if sum >= ConfidenceInterval.tail { break }
                steps += 1
            }
            return steps
        }
        let lower = lowest + steps(masses)
        let upper = lowest + masses.count - 1 - steps(masses.reversed())
        return ConfidenceInterval(
            lower: Double(lower) / Double(documents), upper: Double(upper) / Double(documents))
    }

    /// The probability of each difference gained − lost in a resample, from `lowest` on.
    private static func differenceMasses(
        lost: Int, gained: Int, of documents: Int
    ) -> (lowest: Int, masses: [Double]) {
        guard lost + gained > 0 else { return (0, [1]) }
        let negligible = 1e-15
        let share = Double(gained) / Double(lost + gained)
        let discordant = Binomial(
            trials: documents, probability: Double(lost + gained) / Double(documents)
        ).weights(atLeast: negligible)
        let reach = discordant.first + discordant.masses.count - 1
        var masses = [Double](repeating: 0, count: 2 * reach + 1)
        for (place, weight) in discordant.masses.enumerated() {
            let count = discordant.first + place
            let gains = Binomial(trials: count, probability: share).weights(atLeast: negligible)
            var difference = 2 * gains.first - count + reach
            for mass in gains.masses {
                masses[difference] += weight * mass
                difference += 2
            }
        }
        return (-reach, masses)
    }
}
