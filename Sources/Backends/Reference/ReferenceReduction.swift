import Operations

extension ReferenceBackend {
    public func importance(of features: Matrix, rows: Range<Int>, metric: Importance) throws -> [Float] {
        rows.map { row in
            let y = features[row: row].map(Double.init)
            switch metric {
            case .clip: return Float(y.reduce(0) { $0 + max(0, $1) } / Double(y.count))
            case .noclip: return Float(y.reduce(0) { $0 + $1 } / Double(y.count))
            case .l1: return Float(y.reduce(0) { $0 + abs($1) } / Double(y.count))
            case .l2: return Float(y.reduce(0) { $0 + $1 * $1 }.squareRoot())
            }
        }
    }

    public func bestMatches(
        of features: Matrix, sources: [Int], destinations: [Int], rectified: Bool
    ) throws -> [Match] {
        precondition(sources.isEmpty || !destinations.isEmpty, "sources without a destination")
        func unit(_ row: Int) -> [Double] {
            unitRow(features[row: row].map { rectified ? max(0, Double($0)) : Double($0) })
        }
        let candidates = destinations.map(unit)
        return sources.map { source in
            let unit = unit(source)
            var best = Match(destination: 0, similarity: -.infinity)
            for (position, candidate) in candidates.enumerated() {
                let similarity = Float(zip(unit, candidate).reduce(0) { $0 + $1.0 * $1.1 })
                if similarity > best.similarity { best = Match(destination: position, similarity: similarity) }
            }
            return best
        }
    }

    /// row / max(‖row‖, 1e−12)
    private func unitRow(_ row: [Double]) -> [Double] {
        let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return row.map { $0 / max(norm, 1e-12) }
    }
}
