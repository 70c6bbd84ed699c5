import CKernels
import Operations
import Synchronization

/// Memory for activations, kept when they end, so that an operation's output does not cost fresh pages every time.
///
/// Sizes are rounded up to an eighth of a power of two, and a block serves any size from four fifths of its own on:
/// passes of nearly one length share their memory. At most `limit` bytes wait unused; what was given back longest ago leaves first.
final class BufferPool: Sendable {
    /// 64-byte aligned memory that one owner holds at a time.
    struct Block: @unchecked Sendable {
        let address: UnsafeMutableRawPointer
        let bytes: Int

        static func allocate(bytes: Int) -> Block? { ck_allocate(bytes).map { Block(address: $0, bytes: bytes) } }
        func release() { ck_release(address, bytes) }
    }

    private struct Unused {
        var blocks: [Block] = []  // longest unused first
        var bytes = 0
    }

    private let limit: Int
    private let unused = Mutex(Unused())
    private let counted = Mutex(MemoryUse(weights: 0, activations: 0, activationsPeak: 0))

    init(limit: Int) { self.limit = limit }

    deinit { for block in unused.withLock(\.blocks) { block.release() } }

    /// Bytes that wait for reuse.
    var unusedBytes: Int { unused.withLock(\.bytes) }

    /// What the buffers that there are take.
    var use: MemoryUse { counted.withLock { $0 } }

    /// Begins the activations' peak anew.
    func beginPeak() { counted.withLock { $0.activationsPeak = $0.activations } }

    /// Counts memory of activations that is used from now on, or no longer.
    func countActivations(_ bytes: Int) {
        counted.withLock { use in
            use.activations += bytes
            use.activationsPeak = max(use.activationsPeak, use.activations)
        }
    }

    /// Counts memory of parameters.
    func countWeights(_ bytes: Int) { counted.withLock { $0.weights += bytes } }

    /// Memory of at least `bytes`, its contents undefined.
    func take(bytes: Int) -> Block {
        let size = Self.roundedSize(bytes)
        let found = unused.withLock { unused -> Block? in
            var best: Int?
            for (index, block) in unused.blocks.enumerated() where (size...size + size / 4).contains(block.bytes) {
                if best.map({ block.bytes <= unused.blocks[$0].bytes }) ?? true { best = index }
            }
            guard let best else { return nil }
            unused.bytes -= unused.blocks[best].bytes
            return unused.blocks.remove(at: best)
        }
        if let found { return found }
        guard let block = Block.allocate(bytes: size) else { preconditionFailure("no memory for \(size) bytes") }
        return block
    }

    /// Takes memory back for reuse.
    func give(_ block: Block) {
        let surplus = unused.withLock { unused -> [Block] in
            unused.blocks.append(block)
            unused.bytes += block.bytes
            var surplus: [Block] = []
            while unused.bytes > limit {
                let oldest = unused.blocks.removeFirst()
                unused.bytes -= oldest.bytes
                surplus.append(oldest)
            }
            return surplus
        }
        for block in surplus { block.release() }
    }

    static func roundedSize(_ bytes: Int) -> Int {
        var step = 64
        while step * 16 < bytes { step *= 2 }
        return max(step, (bytes + step - 1) / step * step)
    }
}

/// Floats in memory that goes back to its pool, or to the system, with the last reference.
final class Buffer: @unchecked Sendable {
    let floats: UnsafeMutablePointer<Float>
    private let block: BufferPool.Block?
    private let bytes: Int
    private let isParameter: Bool
    /// What keeps the memory where it is not a block of this buffer's own.
    private let owner: AnyObject?
    private let pool: BufferPool

    /// Uninitialised floats from a pool.
    init(count: Int, pool: BufferPool) {
        bytes = max(1, count) * MemoryLayout<Float>.stride
        let block = pool.take(bytes: bytes)
        self.block = block
        isParameter = false
        owner = nil
        self.pool = pool
        floats = block.address.bindMemory(to: Float.self, capacity: count)
        pool.countActivations(bytes)
    }

    /// Uninitialised floats of their own, which last: parameters, counted with a pool's. Nil when there is no memory.
    init?(parameters count: Int, countedBy pool: BufferPool) {
        bytes = max(1, count) * MemoryLayout<Float>.stride
        guard let block = BufferPool.Block.allocate(bytes: bytes) else { return nil }
        self.block = block
        isParameter = true
        owner = nil
        self.pool = pool
        floats = block.address.bindMemory(to: Float.self, capacity: count)
        pool.countWeights(bytes)
    }

    /// Parameters in memory that workers share, counted with a pool's.
    init(_ place: SharedWeights.Place, count: Int, countedBy pool: BufferPool) {
        bytes = max(1, count) * MemoryLayout<Float>.stride
        block = nil
        isParameter = true
        owner = place.owner
        self.pool = pool
        floats = place.floats
        pool.countWeights(bytes)
    }

    deinit {
        if isParameter {
            pool.countWeights(-bytes)
            block?.release()
        } else {
            pool.countActivations(-bytes)
            if let block { pool.give(block) }
        }
    }
}
