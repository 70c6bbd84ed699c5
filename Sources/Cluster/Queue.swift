/// A first-in, first-out queue whose ends cost O(1).
struct Queue<Element: Sendable>: Sendable {
    /// Reversed: its last element is the queue's first.
    private var front: [Element] = []
    private var back: [Element] = []
    private var head = 0

    var count: Int { front.count + back.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Element? { front.last ?? (head < back.count ? back[head] : nil) }

    mutating func append(_ element: Element) { back.append(element) }

    mutating func prepend(_ element: Element) { front.append(element) }

    mutating func popFirst() -> Element? {
        if let element = front.popLast() { return element }
        guard head < back.count else { return nil }
        let element = back[head]
        head += 1
        if head > 64, head * 2 > back.count {
            back.removeFirst(head)
            head = 0
        }
        return element
    }

    /// O(n).
    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        back.removeFirst(head)
        head = 0
        front.removeAll(where: isUnwanted)
        back.removeAll(where: isUnwanted)
    }
}

/// What falls due when: a binary heap on (time, order of entry). A subject that was put off stays, and is looked at
/// again when its entry comes up; so every subject has one entry and a renewal costs nothing.
struct Deadlines: Sendable {
    enum Subject: Sendable {
        case session(SessionID)
        case lease(LeaseName)
        case retry(JobID)
    }

    private struct Entry: Sendable {
        let due: Instant
        let order: UInt64
        let subject: Subject

        func precedes(_ other: Entry) -> Bool { (due, order) < (other.due, other.order) }
    }

    private var heap: [Entry] = []
    private var order: UInt64 = 0

    mutating func add(_ subject: Subject, at due: Instant) {
        order += 1
        heap.append(Entry(due: due, order: order, subject: subject))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The earliest subject that is due by now.
    mutating func popDue(by now: Instant) -> Subject? {
        guard let first = heap.first, first.due <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while 2 * parent + 1 < heap.count {
            let left = 2 * parent + 1
            let least = left + 1 < heap.count && heap[left + 1].precedes(heap[left]) ? left + 1 : left
            guard heap[least].precedes(heap[parent]) else { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return first.subject
    }
}
