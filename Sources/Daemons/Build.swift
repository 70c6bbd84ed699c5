import CRevision

/// What this build of Molt is; part of a result's identity.
public enum Build {
    public static let version = "0.1.0"
    /// The commit that was built; ends in `+` when the checkout had further changes, and is `unknown` where `make` did not build it.
    public static let revision = String(cString: molt_revision())
    /// Product, version and revision, as peers, stores and exports see it: `molt 0.1.0 (563618a2b1c0)`.
    public static let name = "molt \(version) (\(shortRevision))"
    /// Whether the revision says exactly what was built. Only then can a later run take over this build's scores.
    public static let isExact = revision.count == 40 && revision.allSatisfy(\.isHexDigit)

    private static let shortRevision = revision.prefix(12) + (revision.hasSuffix("+") ? "+" : "")
}
