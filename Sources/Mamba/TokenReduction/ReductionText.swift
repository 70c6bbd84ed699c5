extension Reduction: CustomStringConvertible {
    /// The method, how far it goes, and every setting that is not the default: `utrc flops=0.2 scope=sequence`.
    public var description: String {
        guard method != .none else { return method.rawValue }
        var words = [method.rawValue]
        switch amount {
        case .keepRatio(let ratio): words.append("keep_ratio=\(ratio)")
        case .flops(let target): words.append("flops=\(target)")
        }
        if let layers { words.append("layers=\(layers.map(String.init).joined(separator: ","))") }
        if importance != .clip { words.append("importance=\(importance.rawValue)") }
        if source != rule.sources.first { words.append("source=\(source.rawValue)") }
        if seed != 0 { words.append("seed=\(seed)") }
        if hiddenPrune != 0.5 { words.append("hidden_prune=\(hiddenPrune)") }
        if residualPrune != 0 { words.append("residual_prune=\(residualPrune)") }
        if scope != .context { words += ["scope=\(scope.rawValue)", "align=\(align.rawValue)"] }
        if variant != .paper { words.append("variant=\(variant.rawValue)") }
        return words.joined(separator: " ")
    }
}
