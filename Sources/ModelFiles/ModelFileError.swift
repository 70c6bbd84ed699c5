/// What is wrong with a file of a model: the file, the tensor where there is one, and the reason.
public struct ModelFileError: Error, CustomStringConvertible, Equatable, Sendable {
    /// Path of the file or folder.
    public let file: String
    /// Name of the tensor, when one tensor is at fault.
    public let tensor: String?
    /// What was found, what was expected, and the way out where there is one.
    public let reason: String

    /// An error about a file, or about one tensor in it.
    public init(file: String, tensor: String? = nil, reason: String) {
        self.file = file
        self.tensor = tensor
        self.reason = reason
    }

    /// The file, the tensor and the reason, in one line.
    public var description: String {
        guard let tensor else { return "\(file): \(reason)" }
        return "\(file): tensor '\(tensor)': \(reason)"
    }
}
