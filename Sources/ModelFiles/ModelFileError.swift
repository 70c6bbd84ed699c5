/// What is wrong with a file of a model: the file, the tensor where there is one, and the reason.
public struct ModelFileError: Error, CustomStringConvertible, Equatable, Sendable {
    /// Path of the file or folder.
    public let file: String
    /// Name of the tensor, when one tensor is at fault.
    public let tensor: String?
    /// What was found, what was expected, and the way out where there is one.
    public let reason: String

    public init(file: String, tensor: String? = nil, reason: String) {
        self.file = file
        self.tensor = tensor
        self.reason = reason
    }

    public var description: String {
        guard let tensor else { return "\(file): \(reason)" }
        return "\(file): tensor '\(tensor)': \(reason)"
    }
}
