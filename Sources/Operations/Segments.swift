/// The row ranges of the sequences that are packed, without padding, into one matrix.
///
/// Segment `i` owns rows `offsets[i]..<offsets[i + 1]`. Row-wise operations (projections, norms, gates) see one
/// matrix; operations along time (convolution, scan, token reduction) see segments. A segment may be empty.
public struct Segments: Sendable, Equatable {
    /// `count + 1` non-decreasing row offsets; the first is 0, the last is the number of packed rows.
    public let offsets: [Int]

    public init(lengths: [Int]) {
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

    /// The number of rows of all segments together.
    public var rowCount: Int { offsets[offsets.count - 1] }

    /// The length of each segment, in rows.
    public var lengths: [Int] { (0..<count).map { self[$0].count } }

    /// The rows of segment `index`.
    public subscript(index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }
}
