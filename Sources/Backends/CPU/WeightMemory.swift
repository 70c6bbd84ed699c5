import CKernels
import Foundation
import Synchronization

/// Packed weights in a file in memory: filled by one process, then sealed and mapped by others, too. It ends with the
/// last process that has it, however that ends.
///
/// The first page says `molt weights 1`, the key, and where the index is: a line a weight, of its offset, its floats
/// and its name. Weights begin on pages.
final class WeightMemory: @unchecked Sendable {
    static let page = 4096
    private static let magic = "molt weights 1"

    /// The descriptor by which other processes find it.
    private(set) var file: Int32
    /// Where others are told of this process.
    private var registration: WeightRegistration?
    private let key: String
    private let start: UnsafeMutableRawPointer
    private var mappedBytes: Int
    private var usedBytes = WeightMemory.page
    private var index: [String: (offset: Int, floats: Int)] = [:]
    private var names: [String] = []

    /// The name that the system shows, by which a descriptor is known.
    static func name(of key: String) -> String { "molt-weights-" + key.prefix(160) }

    /// Memory to be filled; nil where the system has none of that kind.
    ///
    /// - Parameter capacity: bytes, of which only those take memory that are used.
    init?(filling key: String, capacity: Int) {
        let file = ck_memory_file(Self.name(of: key))
        guard file >= 0 else { return nil }
        let bytes = Self.pages(capacity) + Self.page
        guard ftruncate(file, bytes) == 0,
            let start = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), start != MAP_FAILED
        else {
            close(file)
            return nil
        }
        (self.file, self.key, self.start, mappedBytes) = (file, key, start, bytes)
    }

    /// What another process, or this one, has sealed; nil where the descriptor is not of it.
    init?(key: String, heldBy holder: WeightRegistration.Holder) {
        let path = "/proc/\(holder.process)/fd/\(holder.file)"
        guard Self.target(path) == Self.link(to: key) else { return nil }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        var status = stat()
        guard Self.target("/proc/self/fd/\(file)") == Self.link(to: key), ck_is_sealed(file) == 1,
            fstat(file, &status) == 0, status.st_uid == geteuid(), status.st_size > Self.page,
            let start = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, file, 0), start != MAP_FAILED
        else {
            close(file)
            return nil
        }
        (self.file, self.key, self.start, mappedBytes) = (file, key, start, Int(status.st_size))
        guard readIndex() else { return nil }
    }

    /// Ends with the memory, or with the process if that ends in order.
    func isRegistered(in registration: WeightRegistration) {
        self.registration = registration
        Self.registered.withLock { $0[file] = registration }
        _ = Self.endsAtExit
    }

    private static let registered = Mutex<[Int32: WeightRegistration]>([:])
    private static let endsAtExit: Int32 = atexit {
        for (file, registration) in WeightMemory.registered.withLock({ $0 }) { registration.end(file) }
    }

    deinit {
        if let registration, Self.registered.withLock({ $0.removeValue(forKey: file) }) != nil {
            registration.end(file)
        }
        munmap(start, mappedBytes)
        close(file)
    }

    // MARK: Filling

    /// Room for a weight's floats; nil where there is none left.
    func room(for name: String, floats: Int) -> UnsafeMutablePointer<Float>? {
        let bytes = Self.pages(floats * MemoryLayout<Float>.stride)
        guard index[name] == nil, !name.contains("\n"), usedBytes + bytes + Self.page <= mappedBytes else { return nil }
        index[name] = (usedBytes, floats)
        names.append(name)
        defer { usedBytes += bytes }
        return self.floats(at: usedBytes)
    }

    /// Ends the filling: from here on nobody can change the memory, this process included.
    ///
    /// - Returns: whether the system did it; if not, the memory stays this process's own.
    func seal() -> Bool {
        let list = names.compactMap { name in index[name].map { "\($0.offset) \($0.floats) \(name)\n" } }.joined()
        guard usedBytes + list.utf8.count <= mappedBytes else { return false }
        let heading = "\(Self.magic)\n\(key)\n\(usedBytes) \(list.utf8.count)\n"
        guard heading.utf8.count < Self.page else { return false }
        write(list, at: usedBytes)
        write(heading, at: 0)
        let bytes = Self.pages(usedBytes + list.utf8.count)
        let reader = open("/proc/self/fd/\(file)", O_RDONLY | O_CLOEXEC)
        guard reader >= 0 else { return false }
        guard ftruncate(file, bytes) == 0, mmap(start, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, reader, 0) == start
        else {
            close(reader)
            return false
        }
        munmap(start + bytes, mappedBytes - bytes)
        mappedBytes = bytes
        let sealed = ck_seal(file) == 0
        close(file)
        file = reader
        return sealed
    }

    private func write(_ text: String, at offset: Int) {
        (start + offset).copyMemory(from: Array(text.utf8), byteCount: text.utf8.count)
    }

    // MARK: Reading

    /// A weight of so many floats; nil where there is none of that name and size.
    func weight(_ name: String, floats: Int) -> UnsafeMutablePointer<Float>? {
        guard let entry = index[name], entry.floats == floats else { return nil }
        return self.floats(at: entry.offset)
    }

    private func floats(at offset: Int) -> UnsafeMutablePointer<Float> {
        (start + offset).assumingMemoryBound(to: Float.self)
    }

    private func readIndex() -> Bool {
        let heading = text(0..<Self.page).split(separator: "\n", omittingEmptySubsequences: false)
        guard heading.count > 3, heading[0] == Self.magic, heading[1] == key else { return false }
        let place = heading[2].split(separator: " ").compactMap { Int($0) }
        guard place.count == 2, place[0] >= Self.page, place[0] <= mappedBytes, place[1] >= 0,
            place[1] <= mappedBytes - place[0]
        else { return false }
        for line in text(place[0]..<place[0] + place[1]).split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 2)
            guard words.count == 3, let offset = Int(words[0]), let floats = Int(words[1]), offset >= Self.page,
                offset.isMultiple(of: Self.page), floats >= 0, offset <= place[0],
                floats <= (place[0] - offset) / MemoryLayout<Float>.stride
            else { return false }
            index[String(words[2])] = (offset, floats)
        }
        return true
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count), as: UTF8.self)
    }

    private static func pages(_ bytes: Int) -> Int { (bytes + page - 1) / page * page }

    private static func link(to key: String) -> String { "/memfd:\(name(of: key)) (deleted)" }

    private static func target(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 512)
        let count = readlink(path, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
