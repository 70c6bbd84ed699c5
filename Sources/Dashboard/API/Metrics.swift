import Foundation
import Wire

/// What Prometheus scrapes, in its text format and by its naming conventions.
struct Metrics {
    let status: LiveStatus?
    let moment: LiveFeed.Moment
    let traffic: Traffic
    let viewers: Viewers

    /// What the coordinator's counters mean; one that is not listed is described by its name.
    private static let meanings = [
        "jobs_granted": "Leases granted for rows that nobody had computed.",
        "leases_expired": "Leases that ended for their holder's silence.",
        "leases_failed": "Leases that ended by their holder's failure.",
        "rows_stored": "Rows that were missing and are stored now.",
        "rows_twice": "Rows that two workers computed for speed, or after a lease was lost.",
        "rows_disagreeing": "Repeated rows that differ from the stored ones.",
        "checks_refuted": "Rows that a second computation settled to be wrong.",
        "examples_given_up": "Examples that nobody computes any more.",
        "workers_quarantined": "Times that a worker was put in quarantine.",
        "workers_revoked": "Workers whose keys were revoked because their rows do not bear a second computation.",
        "commits": "Transactions of the results store.",
        "commit_milliseconds": "Time that transactions of the results store took.",
    ]

    private enum Kind: String { case counter, gauge }

    private struct Writer {
        var text = ""

        mutating func family(
            _ name: String, _ kind: Kind, _ help: String,
            _ samples: [(labels: KeyValuePairs<String, String>, value: Double)]
        ) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
            for sample in samples {
                let labels = sample.labels.map { "\($0)=\"\(Writer.escaped($1))\"" }.joined(separator: ",")
                text += name + (labels.isEmpty ? "" : "{\(labels)}") + " \(Writer.number(sample.value))\n"
            }
        }

        private static func escaped(_ value: String) -> String {
            value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        }

        private static func number(_ value: Double) -> String {
            value.isNaN
                ? "NaN"
                : value.isInfinite
                    ? (value > 0 ? "+Inf" : "-Inf")
                    : value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
        }
    }

    var text: String {
        var writer = Writer()
        writer.family(
            "molt_coordinator_up", .gauge, "Whether the coordinator's loop answers.", [([:], status == nil ? 0 : 1)])
        if let status { coordinator(status, &writer) }
        runs(&writer)
        server(&writer)
        process(&writer)
        return writer.text
    }

    private func coordinator(_ status: LiveStatus, _ writer: inout Writer) {
        writer.family(
            "molt_build_info", .gauge, "The product version, as a label.", [(["build": status.build], 1)])
        for counter in status.counters { write(counter, &writer) }
        writer.family(
            "molt_backlog_seconds", .gauge, "Time that the workers together need for what is left.",
            [([:], status.backlogSeconds ?? .nan)])
        let states = ["idle", "working", "suspect", "draining"]
        writer.family(
            "molt_workers", .gauge, "Connected workers by state.",
            states.map { state in (["state": state], Double(status.workers.count { $0.state == state })) })
        writer.family(
            "molt_workers_in_quarantine", .gauge, "Connected workers that get no jobs for their failures.",
            [([:], Double(status.workers.count { $0.quarantineSeconds > 0 }))])
        workers(status, &writer)
    }

    private func write(_ counter: LiveCounter, _ writer: inout Writer) {
        let isTime = counter.name.hasSuffix("_milliseconds")
        let name = isTime ? counter.name.dropLast("milliseconds".count) + "seconds" : counter.name[...]
        let help =
            Self.meanings[counter.name] ?? "The coordinator's count of \(counter.name.replacing("_", with: " "))."
        writer.family(
            "molt_\(name)_total", .counter, help, [([:], isTime ? Double(counter.value) / 1000 : Double(counter.value))]
        )
    }

    private func workers(_ status: LiveStatus, _ writer: inout Writer) {
        let gauges: [(String, String, (WireStatus.Worker) -> Double)] = [
            ("tokens_per_second", "Tokens that a worker reads a second.", { $0.tokensPerSecond }),
            ("heartbeat_age_seconds", "Time since a worker was heard of.", { Double($0.secondsSinceHeartbeat) }),
            ("resident_memory_bytes", "A worker's resident memory.", { Double($0.residentBytes) }),
            ("free_disk_bytes", "Room on a worker's disk.", { Double($0.freeDiskBytes) }),
            ("spool_bytes", "Rows on a worker's disk that the coordinator does not have.", { Double($0.spoolBytes) }),
            ("leases", "Leases that a worker holds.", { Double($0.work.count) }),
        ]
        for (name, help, value) in gauges {
            writer.family(
                "molt_worker_\(name)", .gauge, help,
                status.workers.map { (["worker": $0.key, "name": $0.name, "host": $0.host], value($0)) })
        }
        writer.family(
            "molt_worker_info", .gauge, "What a worker is and computes on, as labels.",
            status.workers.map {
                (
                    [
                        "worker": $0.key, "name": $0.name, "host": $0.host, "engine": $0.engine, "build": $0.build,
                        "device": $0.device.name, "kind": $0.device.kind, "architecture": $0.device.architecture,
                    ], 1
                )
            })
        writer.family(
            "molt_worker_failures_total", .counter, "Failures charged to a worker since the coordinator's start.",
            status.workers.map { (["worker": $0.key, "name": $0.name, "host": $0.host], Double($0.failures)) })
    }

    private func runs(_ writer: inout Writer) {
        let open = moment.runs.filter { $0.head.state == .running }
        let gauges: [(String, String, (RunSummary) -> Double?)] = [
            ("rows", "Rows stored of a run that is not over.", { $0.rows.map(Double.init) }),
            ("rows_expected", "Rows that a run's manifest demands.", { $0.rowsExpected.map(Double.init) }),
            ("failures", "Examples of a run that were given up.", { Double($0.head.failures) }),
            (
                "waiting_for_engine", "Whether a run waits for an engine that no worker is.",
                { run in run.live.map { $0.awaitedEngines.isEmpty ? 0 : 1 } }
            ),
            (
                "waiting_for_precision", "Whether a run waits for a precision that no worker computes in.",
                { run in run.live.map { $0.awaitedPrecisions.isEmpty ? 0 : 1 } }
            ),
        ]
        for (name, help, value) in gauges {
            writer.family(
                "molt_run_\(name)", .gauge, help,
                open.compactMap { run in value(run).map { (["run": run.head.run], $0) } })
        }
        let states = ["running", "complete", "incomplete", "cancelled"]
        writer.family(
            "molt_runs", .gauge, "Runs of the store by state.",
            states.map { state in (["state": state], Double(moment.heads.count { $0.state.rawValue == state })) })
    }

    private func server(_ writer: inout Writer) {
        writer.family(
            "molt_dashboard_responses_total", .counter, "Answers of the dashboard by class of status.",
            traffic.answers.enumerated().map { (["class": "\($0 + 1)xx"], Double($1)) })
        writer.family(
            "molt_dashboard_viewers", .gauge, "Viewers that are told of every change.", [([:], Double(viewers.count))])
        writer.family(
            "molt_dashboard_viewers_dropped_total", .counter, "Viewers that were too slow.",
            [([:], Double(viewers.dropped))])
    }

    private func process(_ writer: inout Writer) {
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let seconds =
                Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
            writer.family(
                "process_cpu_seconds_total", .counter, "Processor time that the coordinator took.", [([:], seconds)])
        }
        if let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        {
            writer.family(
                "process_resident_memory_bytes", .gauge, "The coordinator's resident memory.",
                [([:], pages * Double(sysconf(Int32(_SC_PAGESIZE))))])
        }
    }
}
