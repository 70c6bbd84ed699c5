/// How a token's importance is read from its features `y` [channels] (the paper's eq. 5 and Table 3).
public enum Importance: String, Sendable, Codable, CaseIterable {
    /// mean(max(0, y)), the paper's choice.
    case clip
    /// mean(y)
    case noclip
    /// mean|y|
    case l1
    /// sqrt(Σ y²)
    case l2
}
