import Cluster
import Dispatch
import Foundation
import Jobs
import Messaging
import Store
import Wire

/// Plans submitted jobs, one at a time, away from the coordinator's thread, and hands the answers back to it.
struct Submissions: Sendable {
    /// Weak, because the loop holds `plan`.
    private let loop: WeakLoop
    let queue: DispatchQueue

    private final class WeakLoop: @unchecked Sendable {
        weak var loop: PollLoop<CoordinatorLoop>?
        init(_ loop: PollLoop<CoordinatorLoop>) { self.loop = loop }
    }

    init(loop: PollLoop<CoordinatorLoop>, queue: DispatchQueue) {
        self.loop = WeakLoop(loop)
        self.queue = queue
    }

    /// Reads, checks and plans a job, and starts its run or says why not.
    var plan: @Sendable (_ request: WireSubmit, _ peer: PeerID) -> Void {
        { request, peer in
            queue.async {
                do {
                    let file = try JobFile(canonicalJSON: request.job)
                    let plan = try Planner(locator: CachedInputs()).plan(file)
                    let manifest = try RunManifest(
                        plan, run: RunName.make(file.name), created: Date().timeIntervalSince1970)
                    loop.loop?.post { $0.accept(manifest, reusing: !request.fresh, for: peer) }
                } catch {
                    let detail = "\(error)"
                    loop.loop?.post { $0.answer(peer, .reject(CoordinatorMessage.reject(.malformed, detail))) }
                }
            }
        }
    }
}

extension CoordinatorLoop {
    /// Makes a run durable, then hands it to the scheduler; returns how many rows it took over from earlier runs.
    @discardableResult
    mutating func start(_ manifest: RunManifest, reusing: Bool) throws -> Int {
        let reused = try store.createRun(manifest, reusingScoresOf: reusing && Build.isExact ? Build.name : nil)
        defer {
            if reused > 0 {
                log.notice("took over \(reused) rows of earlier runs", metadata: ["run": "\(manifest.run)"])
            }
        }
        feed(.submitted(try store.read { try $0.description(of: manifest.run) }))
        return reused
    }

    /// Stores a run, starts it, and tells its client.
    mutating func accept(_ manifest: RunManifest, reusing: Bool, for peer: PeerID) {
        do {
            let reused = try start(manifest, reusing: reusing)
            answer(
                peer,
                .submitted(
                    .with {
                        $0.run = manifest.run
                        $0.cells = UInt32(clamping: manifest.cells.count)
                        $0.examples = UInt64(manifest.shards.reduce(0) { $0 + $1.examples.count })
                        $0.shards = UInt32(clamping: manifest.shards.count)
                        $0.rowsReused = UInt64(reused)
                    }))
        } catch {
            answer(peer, .reject(CoordinatorMessage.reject(.malformed, "\(error)")))
        }
    }
}
