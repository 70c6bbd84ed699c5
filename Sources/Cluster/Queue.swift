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

    /// The first few elements.
    func prefix(_ count: Int) -> [Element] {
        var few = Array(front.reversed().prefix(count))
        if few.count < count { few += back[head...].prefix(count - few.count) }
        return few
    }

    /// Takes out one of the first few elements.
    mutating func remove(at place: Int) -> Element? {
        var before: [Element] = []
        while before.count < place, let element = popFirst() { before.append(element) }
        defer { for element in before.reversed() { prepend(element) } }
        return popFirst()
    }

    /// Sends the first few elements to the end.
    mutating func rotate(_ count: Int) {
        for _ in 0..<count { if let element = popFirst() { append(element) } }
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
        case quarantine(WorkerNumber)
        case comparison(JobID)
    }

    private struct Entry: Sendable {
        let due: Instant
        let order: UInt64
        let subject: Subject

        func precedes(_ other: Entry) -> Bool { (due, order) < (other.due, other.order) }
    }

    private var heap: [Entry] = []
    private var order: UInt64 = 0

    var count: Int { heap.count }

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

/// A set that can be walked in an order that only its history decides; every change costs O(1).
struct WalkableSet<Element: Hashable & Sendable>: Sendable {
    private(set) var elements: [Element] = []
    private var places: [Element: Int] = [:]

    var count: Int { elements.count }

    mutating func insert(_ element: Element) {
        guard places[element] == nil else { return }
        places[element] = elements.count
        elements.append(element)
    }

    mutating func remove(_ element: Element) {
        guard let place = places.removeValue(forKey: element), let last = elements.popLast() else { return }
        guard place < elements.count else { return }
        elements[place] = last
        places[last] = place
    }
}
