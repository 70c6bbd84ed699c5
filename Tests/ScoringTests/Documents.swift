import Scoring

/// Requests like those of benchmarks, of one kind of document each; tokens are below 300.
enum Documents {
    /// Pseudo-random numbers, the same in every run.
    struct Numbers {
        private var state: UInt64

        init(seed: UInt64) { state = seed &* 2 &+ 1 }

        mutating func next(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }

        mutating func tokens(_ count: Int) -> [Int32] { (0..<count).map { _ in Int32(next(below: 300)) } }
    }

    /// One request an element, as a benchmark's document gives them: `count` of each kind.
    static func all(_ count: Int) -> [ScoringRequest] {
        var numbers = Numbers(seed: 5)
        return (0..<count).flatMap { _ in
            choices(&numbers) + blanks(&numbers) + nested(&numbers) + words(&numbers)
        }.enumerated().map { place, request in
            ScoringRequest(id: "\(place)", context: request.context, continuations: request.continuations)
        }
    }

    /// A question with choices, of which some begin alike and one begins another, each a request of its own.
    private static func choices(_ numbers: inout Numbers) -> [ScoringRequest] {
        let context = numbers.tokens(9 + numbers.next(below: 30))
        let beginning = numbers.tokens(6)
        let endings = [numbers.tokens(3), [], numbers.tokens(4)]
        let others = [numbers.tokens(1), numbers.tokens(7)]
        return (endings.map { beginning + $0 } + others).map {
            ScoringRequest(id: "", context: context, continuations: [$0])
        }
    }

    /// A sentence with a blank: contexts that begin alike, and one continuation.
    private static func blanks(_ numbers: inout Numbers) -> [ScoringRequest] {
        let sentence = numbers.tokens(5 + numbers.next(below: 20))
        let rest = numbers.tokens(5)
        return [1, 2, 1].map { length in
            ScoringRequest(id: "", context: sentence + numbers.tokens(length), continuations: [rest])
        }
    }

    /// Contexts that begin one another, and one that stands alone.
    private static func nested(_ numbers: inout Numbers) -> [ScoringRequest] {
        let text = numbers.tokens(24)
        let contexts = [Array(text.prefix(8)), text, Array(text.prefix(16)), Array(text.prefix(1)), numbers.tokens(7)]
        return contexts.map { ScoringRequest(id: "", context: $0, continuations: [[1, 2], [1, 3, 4], [5], [5]]) }
    }

    /// Contexts of a single token, and a single choice.
    private static func words(_ numbers: inout Numbers) -> [ScoringRequest] {
        let words = [[7], [7], [9]].map {
            ScoringRequest(id: "", context: $0, continuations: [numbers.tokens(4), numbers.tokens(1)])
        }
        return words + [
            ScoringRequest(id: "", context: numbers.tokens(40), continuations: [numbers.tokens(2)]),
            ScoringRequest(id: "", context: numbers.tokens(3), continuations: []),
        ]
    }
}
