import CKernels
import Foundation

/// Cores of this machine, by the system's numbers, ascending.
public struct Cores: Sendable, Equatable, CustomStringConvertible {
    public let numbers: [Int]

    /// `0`, `2-3` or `0,2-3`; nil for anything else.
    public init?(_ text: String) {
        var numbers: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1] else { return nil }
            guard first >= 0, first <= last, last < 1 << 16 else { return nil }
            numbers.formUnion(first...last)
        }
        self.numbers = numbers.sorted()
    }

    private init(numbers: [Int]) { self.numbers = numbers }

    /// Those that the calling thread may run on; nil where the system does not say.
    public static var usable: Cores? {
        var numbers = [Int32](repeating: 0, count: 1024)
        let count = ck_usable_cores(&numbers, numbers.count)
        return count < 0 ? nil : Cores(numbers: numbers.prefix(count).map { Int($0) })
    }

    /// Lets the calling thread, and those that it starts from now on, run on these cores only.
    ///
    /// - Throws: ``PinError`` where the system refuses, or where not all of them can be had.
    public func pin() throws {
        let usable = Self.usable
        if let usable, !Set(numbers).isSubset(of: usable.numbers) {
            throw PinError(cores: self, usable: usable, reason: "this process has not all of them")
        }
        let result = ck_pin(numbers.map { Int32($0) }, numbers.count)
        guard result == 0 else {
            throw PinError(cores: self, usable: usable, reason: String(cString: strerror(result)))
        }
    }

    public var description: String { numbers.map(String.init).joined(separator: ",") }
}

/// Threads cannot be kept to the cores that were asked for.
public struct PinError: Error, Equatable, CustomStringConvertible {
    let cores: Cores
    let usable: Cores?
    let reason: String

    public var description: String {
        let ways = usable.map { "name cores of \($0)" } ?? "leave the option out"
        return "cannot keep to the cores \(cores): \(reason); \(ways)"
    }
}
