/// The merges of a byte-pair model: from a word's bytes to its tokens.
struct PairMerging: Sendable {
    /// The token of each byte, −1 for the 13 bytes that UTF-8 never uses and the vocabulary may lack.
    let byteTokens: [Int32]
    /// The rank of each pair of tokens that merges; a lower rank merges first.
    let ranks: PairTable
    /// The token that each rank makes.
    let merged: [Int32]

    /// Appends the tokens of `word` to `tokens`.
    ///
    /// The pair of the lowest rank merges first, the leftmost on ties. A heap keeps this at n log n for a word of n
    /// bytes, so a megabyte without a space is no trouble.
    func append(_ word: UnsafeBufferPointer<UInt8>, to tokens: inout [Int32], using scratch: inout Scratch) {
        if word.count == 1 {
            tokens.append(byteTokens[Int(word[0])])
            return
        }
        scratch.load(word, byteTokens: byteTokens)
        for left in 0..<word.count - 1 { push(left, in: &scratch) }
        while let candidate = scratch.candidates.pop() {
            let left = Int(candidate & 0xFFFF_FFFF)
            let rank = Int32(truncatingIfNeeded: candidate >> 32)
            let right = Int(scratch.next[left])
            guard scratch.tokens[left] >= 0, right < word.count,
                ranks[scratch.tokens[left], scratch.tokens[right]] == rank
            else { continue }  // one of the two has merged with another neighbour since
            scratch.join(left, right, into: merged[Int(rank)])
            push(left, in: &scratch)
            if left > 0 { push(Int(scratch.previous[left]), in: &scratch) }
        }
        var index = 0
        while index < word.count {
            tokens.append(scratch.tokens[index])
            index = Int(scratch.next[index])
        }
    }

    /// Makes the pair that starts at `left` a candidate, if it merges.
    private func push(_ left: Int, in scratch: inout Scratch) {
        let right = Int(scratch.next[left])
        guard right < scratch.tokens.count,
            let rank = ranks[scratch.tokens[left], scratch.tokens[right]]
        else { return }
        scratch.candidates.push(UInt64(rank) << 32 | UInt64(left))
    }

    /// A word's symbols as a linked list over its bytes, and the pairs that may merge; reused from word to word.
    struct Scratch {
        /// The token that starts at each byte, −1 where one that starts earlier has absorbed it.
        var tokens: [Int32] = []
        /// The byte at which the next token starts; the length of the word after the last.
        var next: [Int32] = []
        /// The byte at which the token before starts.
        var previous: [Int32] = []
        /// Rank in the upper half, byte of the left token in the lower.
        var candidates = MinimumHeap()

        mutating func load(_ word: UnsafeBufferPointer<UInt8>, byteTokens: [Int32]) {
            tokens.removeAll(keepingCapacity: true)
            next.removeAll(keepingCapacity: true)
            previous.removeAll(keepingCapacity: true)
            for index in 0..<word.count {
                tokens.append(byteTokens[Int(word[index])])
                next.append(Int32(index + 1))
                previous.append(Int32(index - 1))
            }
        }

        mutating func join(_ left: Int, _ right: Int, into token: Int32) {
            tokens[left] = token
            tokens[right] = -1
            next[left] = next[right]
            let following = Int(next[left])
            if following < previous.count { previous[following] = Int32(left) }
        }
    }
}

/// A binary heap whose least element is popped first.
struct MinimumHeap {
    private var elements: [UInt64] = []

    mutating func push(_ element: UInt64) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if elements[parent] <= element { break }
            elements[child] = elements[parent]
            child = parent
        }
        elements[child] = element
    }

    mutating func pop() -> UInt64? {
        guard let least = elements.first, let last = elements.popLast() else { return nil }
        if elements.isEmpty { return least }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            if child >= elements.count { break }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            if last <= elements[child] { break }
            elements[parent] = elements[child]
            parent = child
        }
        elements[parent] = last
        return least
    }
}
