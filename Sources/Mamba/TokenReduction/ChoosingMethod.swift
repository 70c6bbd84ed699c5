import Operations

/// A method whose rule is a ``RowChoice``: a device may carry it out itself.
public protocol ChoosingMethod: ReductionMethod {
    /// What goes of a sequence of `rows` rows.
    func choice(of rows: Int, keepRatio: Double, reduction: Reduction) -> RowChoice
}

extension ChoosingMethod {
    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let choice = choice(of: rows.count, keepRatio: keepRatio, reduction: reduction)
        return ReductionDecision(choice, try rows.choose(choice))
    }
}

extension SequenceRows {
    /// Carries a rule out on the host, by the importances and matches that the device gives.
    func choose(_ choice: RowChoice) throws -> ChosenRows {
        let importance = try choice.importance.map { try self.importance($0) }
        var ranking = Ranking(importance ?? [])
        let pruned = choice.pruned == 0 ? [] : ranking.split(at: choice.pruned).first.sorted()
        let (sources, destinations): ([Int], [Int])
        switch choice.sources {
        case .none: (sources, destinations) = ([], [])
        case .lessImportant:
            let halves = ranking.split(at: count / 2)
            (sources, destinations) = (halves.first.sorted(), halves.rest.sorted())
        case .evenPlaces:
            let gone = Set(pruned)
            let left = (0..<count).filter { !gone.contains($0) }
            sources = stride(from: 0, to: left.count, by: 2).map { left[$0] }
            destinations = stride(from: 1, to: left.count, by: 2).map { left[$0] }
        }
        let matching = try match(sources, to: destinations, rectified: choice.rectified)
        let connections = matching.connections
        return ChosenRows(
            importance: importance, pruned: pruned, sources: connections.map(\.source),
            destinations: connections.map(\.destination), similarities: connections.map(\.similarity),
            used: matching.placesOfMostSimilar(choice.used))
    }
}

extension ReductionDecision {
    /// What becomes of the rows that were chosen.
    init(_ choice: RowChoice, _ chosen: ChosenRows) {
        let connections = chosen.sources.indices.map { index in
            Connection(
                source: chosen.sources[index], destination: chosen.destinations[index],
                similarity: chosen.similarities[index])
        }
        var used = chosen.used.map { connections[$0] }
        if choice.exchanged {
            used = zip(used.map(\.source).sorted(), used).map { source, connection in
                Connection(source: source, destination: connection.destination, similarity: connection.similarity)
            }
        }
        /// A branch that does not merge the first so many of the connections.
        func branch(pruning count: Int) -> RowReduction {
            RowReduction(
                of: choice.rows, pruning: chosen.pruned + used.prefix(count).map(\.source),
                merging: used.dropFirst(count))
        }
        self.init(
            hidden: branch(pruning: choice.hiddenPruned), residual: branch(pruning: choice.residualPruned),
            importance: chosen.importance, matching: choice.sources == .none ? nil : Matching(connections),
            setA: choice.sources == .lessImportant ? chosen.sources : nil)
    }
}
