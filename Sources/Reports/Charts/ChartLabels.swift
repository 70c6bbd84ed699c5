/// Labels beside the ends of lines, moved apart where they would overlap.
enum ChartLabels {
    /// The places nearest to the wanted ones, in their order, at least `spacing` apart and inside `bounds` while they fit.
    static func spread(_ wanted: [Double], spacing: Double, within bounds: ClosedRange<Double>) -> [Double] {
        struct Block {
            var members: [Int]
            var centre: Double
        }
        let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
        var blocks: [Block] = []
        for index in order {
            blocks.append(Block(members: [index], centre: wanted[index]))
            while let last = blocks.last, blocks.count > 1 {
                let above = blocks[blocks.count - 2]
                let reach = Double(above.members.count + last.members.count) / 2 * spacing
                guard last.centre - above.centre < reach else { break }
                let members = above.members + last.members
                blocks.removeLast(2)
                blocks.append(Block(members: members, centre: settled(members, wanted, spacing, bounds)))
            }
            if let last = blocks.last {
                blocks[blocks.count - 1].centre = settled(last.members, wanted, spacing, bounds)
            }
        }
        var places = wanted
        for block in blocks {
            for (position, member) in block.members.enumerated() {
                places[member] = block.centre + (Double(position) - Double(block.members.count - 1) / 2) * spacing
            }
        }
        return places
    }

    /// Where a block of labels is nearest to what its members want.
    private static func settled(
        _ members: [Int], _ wanted: [Double], _ spacing: Double, _ bounds: ClosedRange<Double>
    ) -> Double {
        let mean = members.reduce(0) { $0 + wanted[$1] } / Double(members.count)
        let half = Double(members.count - 1) / 2 * spacing
        let (low, high) = (bounds.lowerBound + half, bounds.upperBound - half)
        return low <= high ? min(max(mean, low), high) : (bounds.lowerBound + bounds.upperBound) / 2
    }

    /// About how wide a text of 12 pixels is.
    static func width(_ text: String) -> Double {
        text.reduce(0) { sum, character in
            if "iljt.,;:'|()[] f".contains(character) { return sum + 3.8 }
            return sum + ("mwMW%—".contains(character) ? 10 : character.isUppercase ? 8.2 : 6.9)
        }
    }

    /// The text, cut with an ellipsis where it is wider.
    static func fitted(_ text: String, width limit: Double) -> String {
        guard width(text) > limit else { return text }
        var cut = text
        while !cut.isEmpty, width(cut) + 8 > limit { cut.removeLast() }
        return cut + "…"
    }
}
