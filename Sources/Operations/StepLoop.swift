/// What a backend remembers of a step that is taken again and again; see `Backend.repeating`.
public struct StepLoop {
    /// The backend's own.
    public var memory: AnyObject?

    public init() {}
}
