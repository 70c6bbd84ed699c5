/// A run's place in the scheduler's table of runs.
typealias RunNumber = Int

/// A job's place in the scheduler's tables: its run, and its place among the run's jobs.
struct JobNumber: Sendable, Hashable {
    private let runBits: UInt32
    private let placeBits: UInt32

    init(run: RunNumber, place: Int) {
        runBits = UInt32(truncatingIfNeeded: run)
        placeBits = UInt32(truncatingIfNeeded: place)
    }

    var run: RunNumber { RunNumber(runBits) }
    var place: Int { Int(placeBits) }
}

/// A lease as the scheduler's tables name it.
struct LeaseNumber: Sendable, Hashable {
    let job: JobNumber
    let epoch: UInt64
}

/// The jobs of the runs that are not over. Messages name a job by its hash, which is looked up once; from there on it is
/// a number, and its record is read and changed where it lies.
struct JobTable: Sendable {
    /// By run; the first of each is the one of a job that is forgotten.
    private var records: [[JobRecord]] = []
    private var numbers: [JobID: JobNumber] = [:]

    var count: Int { numbers.count }

    func number(of id: JobID) -> JobNumber? { numbers[id] }

    /// A record. A number whose run has ended in the same turn finds one that is over and holds nothing.
    ///
    /// Inlined, so that what reads a field copies no more than that.
    subscript(number: JobNumber) -> JobRecord {
        @inline(__always) get { records[number.run][holds(number) ? number.place : 0] }
        @inline(__always) _modify {
            if holds(number) {
                yield &records[number.run][number.place]
            } else {
                var record = JobRecord.forgotten
                yield &record
            }
        }
    }

    @inline(__always)
    private func holds(_ number: JobNumber) -> Bool { number.place < records[number.run].count }

    /// A run's jobs in the order in which they came.
    func numbers(of run: RunNumber) -> [JobNumber] {
        guard run < records.count else { return [] }
        return records[run].indices.dropFirst().map { JobNumber(run: run, place: $0) }
    }

    mutating func add(_ record: JobRecord, to run: RunNumber) -> JobNumber {
        while records.count <= run { records.append([.forgotten]) }
        let number = JobNumber(run: run, place: records[run].count)
        records[run].append(record)
        numbers[record.facts.id] = number
        return number
    }

    /// Forgets the jobs of a run.
    mutating func remove(_ run: RunNumber) {
        guard run < records.count else { return }
        for record in records[run].dropFirst() { numbers[record.facts.id] = nil }
        records[run] = [.forgotten]
    }

    /// The sum of something over all jobs. O(n).
    func sum(_ value: (JobRecord) -> Int) -> Int { records.joined().reduce(0) { $0 + value($1) } }
}
