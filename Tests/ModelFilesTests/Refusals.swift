import Foundation
import ModelFiles
import TestSupport
import Testing

/// Opens the folder, which must be refused with an error that names file, tensor and reason.
func expectRefusal(
    _ scratch: TemporaryFolder, file: String, tensor: String? = nil, reason: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let error = #expect(throws: ModelFileError.self, sourceLocation: sourceLocation) {
        try Checkpoint.open(scratch.url)
    }
    guard let error else { return }
    #expect(error.file == scratch.url.path + file, "\(error)", sourceLocation: sourceLocation)
    #expect(error.tensor == tensor, "\(error)", sourceLocation: sourceLocation)
    #expect(error.reason.contains(reason), "\(error)", sourceLocation: sourceLocation)
    #expect(error.description.hasPrefix(error.file), sourceLocation: sourceLocation)
}

/// All tensors of a checkpoint, widened.
func floats(of checkpoint: Checkpoint) throws -> [String: [Float]] {
    var values: [String: [Float]] = [:]
    for name in checkpoint.tensorNames { values[name] = try checkpoint.tensor(name).floats() }
    return values
}
