/// A rule by which rows of a sequence go, in numbers that are known before the rows are: so a device can carry it out
/// without waiting for the host.
///
/// First the least important rows are pruned. Then sources are connected to the destinations that they are most similar
/// to, and the sources of the most similar connections go: of each branch's, the first are pruned, the others merged
/// into the rows that they are connected to. Of equal rows the lower comes first in every order.
public struct RowChoice: Sendable, Equatable {
    /// Which rows are connected to the most similar of which others.
    public enum Sources: Sendable, Equatable {
        /// None.
        case none
        /// The less important floor(N/2) to the rest.
        case lessImportant
        /// Those at even places, counted from 0, to those at odd places, of the rows that were not pruned.
        case evenPlaces
    }

    /// N
    public var rows: Int
    /// How importance is measured; nil where it is not read.
    public var importance: Importance?
    public var sources: Sources
    /// Whether max(0, y) is compared instead of the features y.
    public var rectified = false
    /// Whether the sources that go, by row, take the destinations in the order of similarity.
    public var exchanged = false
    /// The least important rows that go at first.
    public var pruned = 0
    /// The most similar connections, whose sources go.
    public var used = 0
    /// Of the connections that are used, how many are not merged in the block's output.
    public var hiddenPruned = 0
    /// The same of the residual stream.
    public var residualPruned = 0

    public init(of rows: Int, importance: Importance? = nil, connecting sources: Sources = .none) {
        self.rows = rows
        self.importance = importance
        self.sources = sources
    }

    /// How many rows are left.
    public var keptCount: Int { rows - pruned - used }

    /// How many rows are connected to how many others; none, where there is nothing to connect them to.
    public var connected: (sources: Int, destinations: Int) {
        let left = rows - pruned
        switch sources {
        case .none: return (0, 0)
        case .lessImportant: return (rows / 2, rows / 2 == 0 ? 0 : rows - rows / 2)
        case .evenPlaces: return left < 2 ? (0, 0) : ((left + 1) / 2, left / 2)
        }
    }
}

/// What was chosen by a ``RowChoice``; rows count from the sequence's first.
public struct ChosenRows: Sendable, Equatable {
    /// The importance of each row, where it was read.
    public var importance: [Float]?
    /// The rows that were pruned at first, ascending.
    public var pruned: [Int]
    /// The rows that were connected, ascending.
    public var sources: [Int]
    /// The row that each of them is most similar to, and how similar they are.
    public var destinations: [Int]
    public var similarities: [Float]
    /// Places in `sources` of the connections that are used, the most similar first.
    public var used: [Int]

    public init(
        importance: [Float]?, pruned: [Int], sources: [Int], destinations: [Int], similarities: [Float], used: [Int]
    ) {
        self.importance = importance
        self.pruned = pruned
        self.sources = sources
        self.destinations = destinations
        self.similarities = similarities
        self.used = used
    }
}

/// A choice among rows of a packed matrix.
public struct SequenceChoice: Sendable, Equatable {
    /// The sequence's first row.
    public var first: Int
    /// How many rows follow those that the choice is among, and stay as they are.
    public var spared: Int
    public var choice: RowChoice

    public init(first: Int, spared: Int, choice: RowChoice) {
        self.first = first
        self.spared = spared
        self.choice = choice
    }
}

/// Branches that were reduced by a device's own choice, and where that is written down.
public struct ChosenReduction<Matrix> {
    public var hidden: Matrix
    public var residual: Matrix
    public var record: any ChoiceRecord

    public init(hidden: Matrix, residual: Matrix, record: any ChoiceRecord) {
        self.hidden = hidden
        self.residual = residual
        self.record = record
    }
}

/// What a device chose, on the device until it is asked for.
public protocol ChoiceRecord {
    /// What was chosen of each sequence; waits until it has been.
    func read() throws -> [ChosenRows]
}
