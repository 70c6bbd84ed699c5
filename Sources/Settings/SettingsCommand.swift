import ArgumentParser
import Foundation

extension ParsableCommand {
    /// The command that this program's command line names, its options completed from the environment and the file.
    ///
    /// A mistake in the command line is said beside the options that are not the caller's own.
    ///
    /// - Throws: ``SettingsError``, or ArgumentParser's errors.
    public static func parseCompleted(_ scope: Settings.Scope) throws -> any ParsableCommand {
        let completed = try Settings(description: _dumpHelp(), scope: scope).complete(
            Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
        do {
            return try parseAsRoot(completed.arguments)
        } catch {
            if exitCode(for: error) == .validationFailure, !completed.origins.isEmpty {
                let note = "Settings: \(completed.origins.joined(separator: ", "))\n"
                FileHandle.standardError.write(Data(note.utf8))
            }
            throw error
        }
    }
}
