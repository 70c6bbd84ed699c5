import Statistics
import Testing

/// Every function against the cases of `golden.py`.
@Suite("Against SciPy")
struct SciPyTests {
    let golden: Golden

    init() throws { golden = try Golden.load() }

    @Test("McNemar's p-value is binomtest's")
    func mcNemar() {
        #expect(golden.paired.count >= 20)
        for known in golden.paired {
            let ours = PairedAccuracy.mcNemar(lost: known.lost, gained: known.gained)
            #expect(agree(ours, known.p, to: 1e-9), "\(known.lost) lost, \(known.gained) gained: \(ours)")
        }
    }

    @Test("the standard error of a paired difference is that of the documents' differences")
    func standardError() {
        for known in golden.paired {
            let ours = PairedAccuracy(lost: known.lost, gained: known.gained, of: known.documents).standardError
            if let expected = known.stderr {
                #expect(ours.map { abs($0 - expected) < 1e-14 } == true, "\(known)")
            } else {
                #expect(ours == nil)
            }
        }
    }

    @Test("the bootstrap's whole distribution has the quantiles of a Fourier transform's, exactly")
    func exactBootstrap() {
        for known in golden.paired {
            let ours = PairedAccuracy.bootstrapInterval(lost: known.lost, gained: known.gained, of: known.documents)
            #expect([ours.lower, ours.upper] == known.interval, "\(known)")
        }
    }

    @Test("scipy.stats.bootstrap's interval lies within its Monte Carlo error and one step of the lattice")
    func drawnBootstrap() {
        let drawn = golden.paired.filter { $0.scipy != nil }
        #expect(drawn.count >= 20)
        for known in drawn {
            guard let scipy = known.scipy else { continue }
            let ours = PairedAccuracy.bootstrapInterval(lost: known.lost, gained: known.gained, of: known.documents)
            let allowed = scipy.error + 1 / Double(known.documents)
            #expect(abs(ours.lower - scipy.interval[0]) <= allowed, "\(known)")
            #expect(abs(ours.upper - scipy.interval[1]) <= allowed, "\(known)")
        }
    }

    @Test("a paired mean has SciPy's error, and its interval within both drawings' Monte Carlo error")
    func pairedMean() {
        #expect(golden.means.count >= 20)
        for known in golden.means {
            let ours = PairedMean(differences: known.differences)
            #expect(abs(ours.difference - known.difference) < 1e-12)
            #expect(ours.standardError.map { agree($0, known.stderr, to: 1e-12) } == true)
            // The recorded error is four deviations at its number of resamples; ours are fewer.
            let fewer = Double(golden.resamples) / Double(PairedMean.resamples)
            let allowed = known.error * (1 + fewer).squareRoot()
            let interval = ours.interval.map { [$0.lower, $0.upper] } ?? []
            #expect(interval.count == 2)
            for (end, expected) in zip(interval, known.interval) {
                #expect(abs(end - expected) <= allowed, "\(known.differences.count) differences")
            }
        }
    }

    @Test("Wilson's interval is proportion_ci's")
    func wilson() {
        #expect(golden.wilson.count >= 20)
        for known in golden.wilson {
            let ours = ConfidenceInterval.wilson(successes: known.successes, trials: known.trials)
            #expect(ours.map { abs($0.lower - known.interval[0]) < 1e-12 } == true, "\(known)")
            #expect(ours.map { abs($0.upper - known.interval[1]) < 1e-12 } == true, "\(known)")
        }
    }

    @Test("Holm's correction is the largest demand of the steps up to a value")
    func holm() {
        #expect(golden.holm.count >= 20)
        for known in golden.holm {
            let ours = Holm.adjusted(known.p)
            #expect(zip(ours, known.adjusted).allSatisfy { abs($0 - $1) < 1e-15 }, "\(known.p)")
            #expect(ours.count == known.adjusted.count)
        }
    }

    @Test("the detectable difference is where the exact test's power, summed plainly, is 0.8")
    func detectable() {
        #expect(golden.detectable.count >= 20)
        for known in golden.detectable {
            let ours = DetectableDifference.minimum(documents: known.documents, discordantShare: known.share)
            if let expected = known.minimum {
                #expect(ours.map { abs($0 - expected) < 2e-8 } == true, "\(known): \(String(describing: ours))")
            } else {
                #expect(ours == nil)
            }
        }
    }

    @Test("the normal's quantiles are norm.ppf's")
    func quantiles() {
        #expect(golden.quantiles.count >= 20)
        for known in golden.quantiles {
            #expect(agree(Normal.quantile(known.p), known.value, to: 1e-9) || known.p == 0.5, "\(known.p)")
        }
        #expect(abs(Normal.quantile(0.5)) < 1e-15)
    }

    @Test("binomial masses and tails are binom's")
    func binomial() {
        #expect(golden.binomial.count >= 20)
        for known in golden.binomial {
            let ours = Binomial(trials: known.trials, probability: known.p)
            #expect(agree(ours.mass(known.successes), known.mass, to: 1e-9), "\(known)")
            #expect(agree(ours.lowerTail(known.successes), known.tail, to: 1e-9), "\(known)")
        }
    }
}
