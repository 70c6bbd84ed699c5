import Logging

/// How much a daemon says.
public enum LogLevel: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error

    var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}

extension Logger {
    /// A logger to standard error.
    public static func daemon(_ label: String, _ level: LogLevel) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level.level
        return logger
    }
}
