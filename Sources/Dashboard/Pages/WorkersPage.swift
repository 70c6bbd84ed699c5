import Reports
import Wire
import Wording

extension Page {
    /// Every connected worker: what it is, what it does, what is wrong with it.
    static func workers(_ status: LiveStatus?) -> Page {
        Page("Workers", at: .workers, listens: "status") { page in
            page.element("h1", "Workers")
            page.live("workers") { page in
                guard let status else {
                    page.element("p", ["class": "bad"], "The coordinator does not answer.")
                    return
                }
                guard !status.workers.isEmpty else {
                    page.element("p", ["class": "empty"]) { page in
                        page.write("No worker is connected. Start one: ")
                        page.element("code", "worker --coordinator tcp://host:5555 --key node-1 --coordinator-key …")
                    }
                    return
                }
                page.element("ul", ["class": "workers"]) { page in
                    for worker in status.workers { page.element("li") { card(worker, of: status, &$0) } }
                }
            }
        }
    }

    private static func card(_ worker: WireStatus.Worker, of status: LiveStatus, _ page: inout Markup) {
        let isQuarantined = worker.quarantineSeconds > 0
        page.element("h2") { page in
            page.write(worker.title)
            page.element("small", " \(worker.host)")
        }
        page.element("p", ["class": "standing"]) { page in
            state(worker.state, &page)
            if isQuarantined {
                page.element(
                    "span", ["class": "bad"], "in quarantine for \(Show.duration(Double(worker.quarantineSeconds)))")
            }
        }
        if let lease = worker.work.first {
            let share = lease.examples == 0 ? 1 : Double(lease.examplesDone) / Double(lease.examples)
            page.element("p", ["class": "lease"]) { page in
                page.bar(share, isWhole: share >= 1)
                page.element(
                    "span",
                    "\(lease.run), \(lease.cell): \(lease.examplesDone) of \(lease.examples)"
                        + (lease.purpose == .score ? "" : ", \(lease.purpose.word)")
                        + ", \(Show.duration(Double(lease.seconds)))")
            }
        }
        page.element("dl", ["class": "facts"]) { page in
            page.fact("Model", worker.model.isEmpty ? "none" : worker.model)
            page.fact("Tokens/s", worker.tokensPerSecond > 0 ? grouped(Int(min(worker.tokensPerSecond, 1e15))) : "–")
            page.fact(
                "Heard", "\(Show.duration(Double(worker.secondsSinceHeartbeat))) ago", isBad: worker.state == "suspect")
            page.fact("Rows", grouped(Int(clamping: worker.rows)))
            page.fact("Failures", "\(worker.failures)", isBad: worker.failures > 0)
            page.fact("Confirmed, refuted", "\(worker.agreed), \(worker.wrong)", isBad: worker.wrong > 0)
            page.fact("Leases", "\(worker.work.count)")
            page.fact("Memory", "\(Show.bytes(worker.residentBytes)), \(Show.bytes(worker.freeMemoryBytes)) free")
            if worker.hasDevice { page.fact("Device", worker.device.summary) }
            page.fact("Disk", "\(Show.bytes(worker.freeDiskBytes)) free")
            if worker.spoolBytes > 0 { page.fact("Unsent rows", Show.bytes(worker.spoolBytes)) }
        }
        let isOther = worker.build != status.build
        page.element("p", ["class": "note mono"]) { page in
            page.write(worker.engine)
            if isOther {
                page.element("span", ["class": "bad"], " build \(worker.build), the coordinator's is \(status.build)")
            }
        }
        page.element("p", ["class": "note mono"], worker.key)
    }
}

extension Page {
    /// What happened last, newest first.
    static func events(_ events: [EventJSON]) -> Page {
        Page("Events", at: .events, listens: "journal") { page in
            page.element("h1") { page in
                page.write("Events")
                page.element("small", " in universal time")
            }
            page.live("events") { page in
                guard !events.isEmpty else {
                    page.element("p", ["class": "empty"], "Nothing has happened yet.")
                    return
                }
                page.element("ol", ["class": "events"]) { page in
                    for event in events {
                        page.element("li") { page in
                            page.element("time", Show.time(event.at, withSeconds: true))
                            page.element("b", event.kind)
                            page.element("span") { page in
                                if let run = event.run {
                                    page.element("a", ["href": "/runs/\(run.percentEncoded)"], run)
                                    page.write(" ")
                                }
                                page.write(event.detail)
                            }
                        }
                    }
                }
            }
        }
    }
}
