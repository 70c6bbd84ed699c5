extension String {
    /// The text without control characters, which peers could send to forge lines of a log or to command a terminal.
    public var plain: String {
        guard unicodeScalars.contains(where: Self.isControl) else { return self }
        var plain = String.UnicodeScalarView()
        for scalar in unicodeScalars { plain.append(Self.isControl(scalar) ? "\u{fffd}" : scalar) }
        return String(plain)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Marks that turn the direction of what follows.
        case .format: (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        default: false
        }
    }
}
