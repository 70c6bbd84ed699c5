/// What this build of Molt is; part of a result's identity.
public enum Build {
    public static let version = "0.1.0"
    /// Product and version, as peers and exports see it.
    public static let name = "molt \(version)"
}
