import Foundation

/// What a checkpoint is, for people (`description`) and for programs (encoded).
public struct CheckpointSummary: Sendable, Codable, Equatable, CustomStringConvertible {
    /// A weight file and its size.
    public struct File: Sendable, Codable, Equatable {
        /// Last path component.
        public let name: String
        /// Size of the file.
        public let bytes: Int
    }

    /// How many of the model's tensors and values have one element type.
    public struct TypeCount: Sendable, Codable, Equatable {
        /// The type as stored.
        public let type: ElementType
        /// Tensors of that type.
        public let tensors: Int
        /// Values in those tensors.
        public let parameters: Int
    }

    /// Which mixer the layers have.
    public let architecture: ModelConfiguration.Architecture
    /// Which family the files come from.
    public let layout: ModelConfiguration.Layout
    /// The published model of these dimensions.
    public let publishedShape: PublishedShape?
    /// Dimensions by name, in the order in which they are printed.
    public let dimensions: [Dimension]
    /// Values of all tensors; a tied head counts once.
    public let parameters: Int
    /// The element types that occur, with their shares.
    public let elementTypes: [TypeCount]
    /// Rows of the embedding as stored, padding rows included.
    public let embeddingRows: Int
    /// Whether the head is the embedding.
    public let tiedHead: Bool
    /// What random weights are drawn by; nil for weights of a checkpoint.
    public let randomSeed: UInt64?
    /// The weight files, sorted by name.
    public let files: [File]
    /// Tensors in the files that the model does not use.
    public let ignoredTensors: [String]
    /// Identity of configuration and weights, see `Checkpoint.sha256`.
    public let sha256: String

    /// A dimension of the model.
    public struct Dimension: Sendable, Codable, Equatable {
        /// The papers' symbol, or a word where they have none.
        public let name: String
        /// Its extent.
        public let value: Int
    }

    private enum CodingKeys: String, CodingKey {
        case architecture, layout, dimensions, parameters, files, sha256
        case publishedShape = "published_shape"
        case elementTypes = "element_types"
        case embeddingRows = "embedding_rows"
        case tiedHead = "tied_head"
        case randomSeed = "random_seed"
        case ignoredTensors = "ignored_tensors"
    }

    /// Summarises a checkpoint; reads all of its files once, for the hash.
    ///
    /// - Parameter known: where its hash may be known from; then the files are not read.
    public init(_ checkpoint: Checkpoint, known: KnownHashes? = nil) throws(ModelFileError) {
        let configuration = checkpoint.configuration
        architecture = configuration.architecture
        layout = configuration.layout
        publishedShape = PublishedShape(configuration)
        dimensions = configuration.namedDimensions
        embeddingRows = configuration.vocabularySize
        var tensors: [Tensor] = []
        for name in checkpoint.tensorNames { tensors.append(try checkpoint.tensor(name)) }
        parameters = tensors.reduce(0) { $0 + $1.count }
        elementTypes = ElementType.allCases.compactMap { type in
            let members = tensors.filter { $0.elementType == type }
            guard !members.isEmpty else { return nil }
            return TypeCount(type: type, tensors: members.count, parameters: members.reduce(0) { $0 + $1.count })
        }
        tiedHead = !tensors.contains { $0.name == TensorName.head }
        var files: [File] = []
        for url in checkpoint.files {
            files.append(File(name: url.lastPathComponent, bytes: try MappedFile(url).bytes.count))
        }
        self.files = files
        ignoredTensors = checkpoint.ignoredTensors
        randomSeed = checkpoint.randomSeed
        sha256 = try checkpoint.sha256(known: known)
    }

    /// Lines of a label and what it stands for.
    public var description: String {
        let head = tiedHead ? "the embedding (tied)" : "stored apart (lm_head.weight)"
        var rows = [
            ("architecture", architecture == .mamba1 ? "Mamba-1" : "Mamba-2"),
            ("layout", layout == .huggingFace ? "Hugging Face" : "state-spaces"),
            ("shape", publishedShape?.rawValue ?? "not a published one"),
            ("dimensions", dimensions.map { "\($0.name) \($0.value)" }.joined(separator: ", ")),
            ("embedding", "\(embeddingRows) rows"), ("head", head), ("parameters", Self.grouped(parameters)),
        ]
        for count in elementTypes {
            rows.append((count.type.rawValue, "\(count.tensors) tensors, \(Self.grouped(count.parameters)) values"))
        }
        if let randomSeed { rows.append(("weights", "random, by the seed \(randomSeed)")) }
        for file in files { rows.append(("file", "\(file.name), \(Self.grouped(file.bytes)) bytes")) }
        for name in ignoredTensors { rows.append(("ignored", name)) }
        rows.append(("sha256", sha256))
        return rows.map { label, text in
            label + String(repeating: " ", count: max(1, 14 - label.count)) + text
        }.joined(separator: "\n")
    }

    /// Digits in groups of three: 129,135,360.
    private static func grouped(_ number: Int) -> String {
        var groups: [Substring] = []
        var digits = Substring(String(number))
        while !digits.isEmpty {
            groups.insert(digits.suffix(3), at: 0)
            digits = digits.dropLast(3)
        }
        return groups.joined(separator: ",")
    }
}

extension ModelConfiguration {
    fileprivate var namedDimensions: [CheckpointSummary.Dimension] {
        var pairs = [
            ("layers", layerCount), ("D", modelDimension), ("E", innerDimension), ("N", stateDimension),
            ("K", convolutionWidth),
        ]
        switch architecture {
        case .mamba1: pairs.append(("R", timeStepRank))
        case .mamba2: pairs += [("heads", headCount), ("headdim", headDimension), ("groups", groupCount)]
        }
        return pairs.map { CheckpointSummary.Dimension(name: $0.0, value: $0.1) }
    }
}
