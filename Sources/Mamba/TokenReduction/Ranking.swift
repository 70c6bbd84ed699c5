/// Rows in the order of a value each, the smallest first, ties by the lower row.
///
/// The order is total, so that the first few can be selected without sorting the rest, with the same result: value and
/// row make one integer. Both zeros are equal; what is not a number comes after all numbers.
struct Ranking {
    /// The value's order above, the row below.
    private var keys: [UInt64]

    /// Rows 0, 1, … by the values given.
    init(_ values: some Sequence<Float>) {
        keys = values.enumerated().map { row, value in
            precondition(row <= UInt32.max, "more rows than can be ranked")
            return UInt64(Ranking.ascending(value)) << 32 | UInt64(row)
        }
    }

    /// The first `count` rows in any order, and the others in any order; in O(rows) expected steps.
    mutating func split(at count: Int) -> (first: [Int], rest: [Int]) {
        select(count)
        return (keys[..<count].map(Ranking.row), keys[count...].map(Ranking.row))
    }

    /// The first `count` rows, in order.
    mutating func first(_ count: Int) -> [Int] {
        select(count)
        return keys[..<count].sorted().map(Ranking.row)
    }

    /// Partitions the keys, none of which occurs twice, so that the `count` smallest come first.
    private mutating func select(_ count: Int) {
        var (low, high) = (0, keys.count)
        while count > low, count < high, high - low > 1 {
            let pivot = median(keys[low], keys[low + (high - low) / 2], keys[high - 1])
            var boundary = low
            for index in low..<high where keys[index] < pivot {
                keys.swapAt(boundary, index)
                boundary += 1
            }
            if boundary == low {
                // The pivot is the smallest: set it apart, so that the range shrinks.
                let place = keys[low..<high].firstIndex(of: pivot) ?? low
                keys.swapAt(low, place)
                boundary += 1
            }
            if boundary <= count { low = boundary } else { high = boundary }
        }
    }

    private func median(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 { max(min(a, b), min(max(a, b), c)) }

    private static func row(_ key: UInt64) -> Int { Int(key & UInt64(UInt32.max)) }

    /// An integer that ascends with a float: the bits, with the sign turned where positive and all turned where negative.
    private static func ascending(_ value: Float) -> UInt32 {
        if value.isNaN { return .max }
        let bits = (value + 0).bitPattern
        return bits >> 31 == 0 ? bits | 1 << 31 : ~bits
    }
}
