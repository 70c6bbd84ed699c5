import Cluster
import Dispatch
import Foundation
import Jobs
import Messaging
import Reports
import Store
import Wire
import Wording

/// What takes long and happens away from the coordinator's thread, one at a time: planning submitted jobs and making
/// reports. The answers are handed back to that thread.
struct Submissions: Sendable {
    /// Characters of a report, which travels as one message.
    private static let reportLimit = 15 << 20

    /// Weak, because the loop holds this value.
    private let loop: WeakLoop
    private let queue: DispatchQueue
    /// A connection of its own, opened before anybody could take the descriptors for it.
    private let reader: StoreReader

    private final class WeakLoop: @unchecked Sendable {
        weak var loop: PollLoop<CoordinatorLoop>?
        init(_ loop: PollLoop<CoordinatorLoop>) { self.loop = loop }
    }

    init(loop: PollLoop<CoordinatorLoop>, queue: DispatchQueue, reader: StoreReader) {
        self.loop = WeakLoop(loop)
        self.queue = queue
        self.reader = reader
    }

    /// Reads, checks and plans a job, and starts its run or says why not.
    func plan(_ request: WireSubmit, _ peer: PeerID) {
        queue.async {
            do {
                let file = try JobFile(canonicalJSON: request.job)
                let plan = try Planner(locator: CachedInputs()).plan(file)
                var manifest = try RunManifest(
                    plan, run: RunName.make(file.name), created: Date().timeIntervalSince1970)
                manifest.priority = Int(request.priority)
                finish { [manifest] in $0.accept(manifest, reusing: !request.fresh, for: peer) }
            } catch {
                let detail = "\(error)"
                finish {
                    $0.counters.submissionsRefused += 1
                    $0.reject(peer, detail)
                }
            }
        }
    }

    /// Makes a run's report.
    func report(_ request: WireReportRequest, _ peer: PeerID) {
        queue.async {
            let answer = text(of: request)
            finish { loop in
                switch answer {
                case .success(let text): loop.answer(peer, .report(.with { $0.text = text }))
                case .failure(let refusal): loop.reject(peer, refusal.detail)
                }
            }
        }
    }

    private struct Refusal: Error { let detail: String }

    private func text(of request: WireReportRequest) -> Result<String, Refusal> {
        guard let format = ReportFormat(rawValue: request.format) else {
            let known = ReportFormat.allCases.map(\.rawValue).joined(separator: ", ")
            return .failure(Refusal(detail: "unknown format '\(request.format)'; known: \(known)"))
        }
        do {
            let text = try reader.read { view in
                let latest = try request.run.isEmpty ? view.runs().last?.run : request.run
                guard let run = latest else { throw Refusal(detail: "the store has no runs yet") }
                return format.text(of: try RunReport(view, run: run))
            }
            guard text.utf8.count <= Self.reportLimit else {
                let size = "\(text.utf8.count >> 20) MiB"
                throw Refusal(detail: "the report has \(size): make it beside the store, with coord report --store")
            }
            return .success(text)
        } catch let refusal as Refusal {
            return .failure(refusal)
        } catch {
            return .failure(Refusal(detail: "\(error)"))
        }
    }

    private func finish(_ body: @escaping @Sendable (inout CoordinatorLoop) -> Void) {
        loop.loop?.post {
            $0.requestsUnderWay -= 1
            body(&$0)
        }
    }
}

extension CoordinatorLoop {
    /// Makes a run durable, then hands it to the scheduler; returns how many rows it took over from earlier runs.
    @discardableResult
    mutating func start(_ manifest: RunManifest, reusing: Bool) throws -> Int {
        let reused = try store.createRun(manifest, reusingScoresOf: reusing && Build.isExact ? Build.name : nil)
        log.notice(
            "run accepted: \(counted(manifest.cells.count, "cell")), \(counted(reused, "row")) taken over",
            metadata: ["run": "\(manifest.run)"])
        feed(.submitted(try store.read { try $0.description(of: manifest.run) }))
        return reused
    }

    /// Stores a run, starts it, and tells its client.
    mutating func accept(_ manifest: RunManifest, reusing: Bool, for peer: PeerID) {
        do {
            let reused = try start(manifest, reusing: reusing)
            counters.submissionsAccepted += 1
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
            counters.submissionsRefused += 1
            reject(peer, "\(error)")
        }
    }
}
