import Backends
import Foundation
import ModelFiles
import Operations
import Synchronization
import TestSupport
import Testing

@Suite("Packed weights that workers share")
struct WeightSharingTests {
    /// A backend with one weight of a model, and what was said of it.
    private final class Loaded {
        let backend: CPUBackend
        let weight: CPUWeight
        let notes: [String]

        init(
            _ folder: URL, model: String, precision: Precision = .fp32, outputs: Int = 70
        ) throws {
            let notes = Notes()
            backend = CPUBackend(
                precision: precision,
                sharing: WeightSharing(model: model, capacity: 1 << 20, folder: folder) { notes.add($0) })
            var numbers = Numbers(seed: 5)
            weight = try backend.weight(
                Tensor(name: "weight", shape: [outputs, 40], floats: numbers.floats(outputs * 40)))
            backend.finishLoading()
            self.notes = notes.list
        }

        /// The bits of a product.
        func bits() throws -> [UInt32] {
            var numbers = Numbers(seed: 6)
            let x = backend.matrix(numbers.floats(3 * 40), rows: 3, columns: 40)
            return try backend.values(of: backend.project(x, columns: 0..<40, by: weight)).map(\.bitPattern)
        }

        var shares: Bool { notes.contains { $0.contains("shares its weights with process") } }
    }

    private final class Notes: Sendable {
        private let said = Mutex<[String]>([])
        func add(_ text: String) { said.withLock { $0.append(text) } }
        var list: [String] { said.withLock { $0 } }
    }

    /// The inodes of the memory that this process has mapped of a model, and how.
    private func mapped(_ model: String) throws -> (inodes: Set<Substring>, permissions: Set<Substring>) {
        let file = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
        let maps = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        let fields = maps.split(separator: "\n").filter { $0.contains("molt-weights-\(model)") }
            .map { $0.split(separator: " ") }
        return (Set(fields.map { $0[4] }), Set(fields.map { $0[1] }))
    }

    @Test("are packed once, cannot be written to, and multiply to the same bits", arguments: CPUBackend.precisions)
    func once(precision: Precision) throws {
        let folder = try TemporaryFolder()
        let model = UUID().uuidString
        let loaded = try (0..<3).map { _ in
            try Loaded(folder.url.appendingPathComponent("weights"), model: model, precision: precision)
        }
        #expect(loaded.map(\.shares) == [false, true, true])
        let (inodes, permissions) = try mapped(model)
        #expect(inodes.count == 1)
        #expect(permissions == ["r--s"])
        let alone = CPUBackend(precision: precision)
        var numbers = Numbers(seed: 5)
        let weight = try alone.weight(Tensor(name: "weight", shape: [70, 40], floats: numbers.floats(70 * 40)))
        numbers = Numbers(seed: 6)
        let product = alone.project(
            alone.matrix(numbers.floats(3 * 40), rows: 3, columns: 40), columns: 0..<40, by: weight)
        let expected = try alone.values(of: product).map(\.bitPattern)
        for one in loaded { #expect(try one.bits() == expected) }
    }

    @Test("are those of one model in one precision, and of the shape that is asked for")
    func apart() throws {
        let parent = try TemporaryFolder()
        let folder = parent.url.appendingPathComponent("weights")
        let model = UUID().uuidString
        let first = try Loaded(folder, model: model)
        #expect(try !Loaded(folder, model: model + "b").shares)
        #expect(try !Loaded(folder, model: model, precision: .bf16).shares)
        let other = try Loaded(folder, model: model, outputs: 33)
        #expect(try other.bits().count == 99)
        #expect(try first.bits().count == 210)
    }

    @Test("stay with whoever is left, and leave nothing with the last")
    func lasting() throws {
        let parent = try TemporaryFolder()
        let folder = parent.url.appendingPathComponent("weights")
        let model = UUID().uuidString
        var loaded = try [Loaded(folder, model: model), Loaded(folder, model: model)]
        let expected = try loaded[0].bits()
        loaded.removeFirst()
        #expect(try loaded[0].bits() == expected)
        loaded.append(try Loaded(folder, model: model))
        #expect(loaded[1].shares)
        #expect(try loaded[1].bits() == expected)
        loaded = []
        #expect(try mapped(model).inodes.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test(
        "are not looked for where an entry says something else",
        arguments: ["", "1 2 3\nxyz\n", "999999999 5\n", "\(getpid()) 0\n-1 -1\n", "1 0\n"])
    func damaged(entry: String) throws {
        let parent = try TemporaryFolder()
        let folder = parent.url.appendingPathComponent("weights")
        let model = UUID().uuidString
        let name = try { () -> String in
            let first = try Loaded(folder, model: model)
            return try withExtendedLifetime(first) {
                try FileManager.default.contentsOfDirectory(atPath: folder.path)[0]
            }
        }()
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data(entry.utf8).write(to: folder.appendingPathComponent(name))
        let second = try Loaded(folder, model: model)
        #expect(!second.shares)
        let third = try Loaded(folder, model: model)
        #expect(third.shares)
        #expect(try third.bits() == second.bits())
    }

    @Test("are each worker's own where others may enter the folder")
    func open() throws {
        let parent = try TemporaryFolder()
        let folder = parent.url.appendingPathComponent("weights")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        let model = UUID().uuidString
        let loaded = try (0..<2).map { _ in try Loaded(folder, model: model) }
        #expect(loaded.allSatisfy { !$0.shares && $0.notes.contains { $0.contains("packs its own weights") } })
        #expect(try loaded[0].bits() == loaded[1].bits())
    }
}
