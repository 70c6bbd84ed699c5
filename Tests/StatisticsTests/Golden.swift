import Foundation
import Statistics

/// What `golden.py` recorded.
struct Golden: Decodable {
    struct Paired: Decodable {
        let lost, gained, documents: Int
        let p: Double
        let interval: [Double]
        let stderr: Double?
        let scipy: Drawn?
    }

    /// What `scipy.stats.bootstrap` drew, and four standard deviations of an end's Monte Carlo error.
    struct Drawn: Decodable {
        let interval: [Double]
        let error: Double
    }

    struct Means: Decodable {
        let differences: [Double]
        let difference, stderr, error: Double
        let interval: [Double]
    }

    struct Proportion: Decodable {
        let successes, trials: Int
        let interval: [Double]
    }

    struct Family: Decodable {
        let p, adjusted: [Double]
    }

    struct Detectable: Decodable {
        let documents: Int
        let share: Double
        let minimum: Double?
    }

    struct Quantile: Decodable {
        let p, value: Double
    }

    struct Mass: Decodable {
        let trials, successes: Int
        let p, mass, tail: Double
    }

    let resamples: Int
    let paired: [Paired]
    let means: [Means]
    let wilson: [Proportion]
    let holm: [Family]
    let detectable: [Detectable]
    let quantiles: [Quantile]
    let binomial: [Mass]

    static func load() throws -> Golden {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("golden.json")
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }
}

/// Whether two numbers agree to a share of the second, or lie below what doubles hold in full.
func agree(_ value: Double, _ expected: Double, to share: Double) -> Bool {
    abs(value - expected) <= share * abs(expected) || max(abs(value), abs(expected)) < 1e-300
}

extension PairedAccuracy {
    /// Discordant documents among others that both answer rightly.
    init(lost: Int, gained: Int, of documents: Int) {
        self.init(bothRight: documents - lost - gained, onlyBaseline: lost, onlyCandidate: gained, bothWrong: 0)
    }
}
