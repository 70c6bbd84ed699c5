/// Holm's step-down correction for several tests at once (S. Holm, 1979).
public enum Holm {
    /// The adjusted p-values in the order of `values`: of m tests, rejecting those at most α keeps the probability of any
    /// false rejection at α whatever the tests' dependence.
    ///
    /// The i-th smallest of m values becomes the largest of (m − j + 1)·p₍ⱼ₎ over j ≤ i, at most 1; equal values get equal
    /// adjusted ones.
    public static func adjusted(_ values: [Double]) -> [Double] {
        precondition(values.allSatisfy { (0...1).contains($0) }, "a p-value lies between 0 and 1")
        var adjusted = values
        var largest = 0.0
        let ascending = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        for (rank, place) in ascending.enumerated() {
            largest = max(largest, min(1, Double(values.count - rank) * values[place]))
            adjusted[place] = largest
        }
        return adjusted
    }
}
