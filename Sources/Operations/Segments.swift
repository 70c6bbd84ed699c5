/// The row ranges of the sequences that are packed, without padding, into one matrix.
///
/// Segment `i` owns rows `offsets[i]..<offsets[i + 1]`. Row-wise operations (projections, norms, gates) see one
/// matrix; operations along time (convolution, scan, token reduction) see segments. A segment may be empty.
///
/// A segment begins in its own state or, where a backend forks within passes, in the last state of an earlier one.
public struct Segments: Sendable, Equatable {
    /// `count + 1` non-decreasing row offsets; the first is 0, the last is the number of packed rows.
    public let offsets: [Int]
    /// For each segment the earlier one in whose last state it begins, or −1; empty where there is none.
    public let parents: [Int]

    /// - Parameter parents: for each segment the earlier one in whose last state it begins; empty for none at all.
    public init(lengths: [Int], after parents: [Int?] = []) {
        precondition(parents.isEmpty || parents.count == lengths.count, "\(parents.count) parents")
        precondition(parents.enumerated().allSatisfy { $1 ?? -1 < $0 }, "a segment before its parent")
        self.parents = parents.allSatisfy { $0 == nil } ? [] : parents.map { $0 ?? -1 }
        var offsets = [0]
        offsets.reserveCapacity(lengths.count + 1)
        for length in lengths {
            precondition(length >= 0, "a segment has \(length) rows")
            offsets.append(offsets[offsets.count - 1] + length)
        }
        self.offsets = offsets
    }

    /// The number of segments.
    public var count: Int { offsets.count - 1 }

    /// Whether a segment begins in another's last state.
    public var isForking: Bool { !parents.isEmpty }

    /// The number of rows of all segments together.
    public var rowCount: Int { offsets[offsets.count - 1] }

    /// The length of each segment, in rows.
    public var lengths: [Int] { (0..<count).map { self[$0].count } }

    /// The rows of segment `index`.
    public subscript(index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }
}
