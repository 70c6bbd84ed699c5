import Wire

/// Rows come, until a job is done.
extension Scheduler {
    /// A current lease, if it is the worker's and of that epoch.
    func holding(of name: LeaseName, by worker: WorkerNumber) -> (lease: LeaseNumber, holding: JobRecord.Holding)? {
        guard let lease = number(of: name), let holding = holding(of: lease, by: worker) else { return nil }
        return (lease, holding)
    }

    func holding(of lease: LeaseNumber, by worker: WorkerNumber) -> JobRecord.Holding? {
        guard let holding = jobs[lease.job].holding(lease.epoch), holding.worker == worker else { return nil }
        return holding
    }

    /// Rows: durable first, then acknowledged. They count under any lease of the job that the worker ever held.
    mutating func score(_ name: LeaseName, _ batch: UInt64, _ rows: [WireRow], from session: SessionFacts) {
        // A worker that came back with another engine may not deliver what the old one computed.
        guard let id = jobs.number(of: name.job), jobs[id].wasLeased(to: session.number, epoch: name.epoch),
            mayScore(id, session), jobs[id].mayTake(rows)
        else {
            ignore(session.worker, "scores of \(name.job) under epoch \(name.epoch)")
            return send(.cancel(name), to: session.id)
        }
        let lease = LeaseNumber(job: id, epoch: name.epoch)
        if let fault = fault(in: rows, of: id) {
            counters.rowsRejected += UInt64(rows.count)
            ignore(session.worker, "batch \(batch) of \(name.job) has \(fault)")
            send(.cancel(name), to: session.id)
            return charge(lease, "sent \(fault)", to: session)
        }
        commit(.scored(job: name.job, epoch: name.epoch, worker: session.worker, rows: rows))
        send(.ack(name, batch: batch), to: session.id)
        count(rows, of: lease, from: session)
        let tokens = jobs[id].missingTokens
        let received = JobRecord.ordered(rows.map(\.example))
        let struck = jobs[id].receive(received, from: session.number)
        let isCurrent = jobs[id].holdings.contains { $0.epoch == name.epoch && $0.worker == session.number }
        if !struck.isEmpty {
            note(struck, of: id, tokensBefore: tokens, from: session)
            if !isCurrent {
                counters.rowsSalvaged += UInt64(struck.count)
                observe(.salvaged(name, rows: struck.count))
                jobs[id].isShared = true
            }
        }
        if isCurrent { noteProgress(lease, received) }
        endFinishedParts(of: id)
        if jobs[id].missing.isEmpty { complete(id, by: session.number) }
    }

    /// Counts rows that are stored already.
    private mutating func count(_ rows: [WireRow], of lease: LeaseNumber, from session: SessionFacts) {
        let again = jobs[lease.job].stored(of: rows)
        guard !again.isEmpty else { return }
        counters.rowsDuplicate += UInt64(again.count)
        guard jobs[lease.job].isShared, jobs[lease.job].holding(lease.epoch)?.isCheck != true else { return }
        let job = jobs[lease.job]
        let twice = UInt64(again.count { job.origin(of: $0).map { $0 != session.number } ?? false })
        counters.rowsTwice += twice
        runs[lease.job.run].rowsTwice += twice
    }

    /// Books rows that were missing.
    private mutating func note(
        _ struck: [UInt32], of id: JobNumber, tokensBefore: UInt64, from session: SessionFacts
    ) {
        counters.rowsStored += UInt64(struck.count)
        runs[id.run].rowsMissing -= UInt64(struck.count)
        runs[id.run].strike(tokens: tokensBefore, jobs[id].missingTokens)
        jobs[id].noteRows()
        workerRecords[Int(session.number)].noteRows(struck.count)
        chooseChecks(struck, of: id, by: session.number)
    }

    private mutating func noteProgress(_ lease: LeaseNumber, _ received: [UInt32]) {
        var isCheck = false
        jobs[lease.job].update(lease.epoch) {
            $0.lastProgress = clock
            $0.hasProgressed = true
            isCheck = $0.isCheck
        }
        guard isCheck else { return }
        jobs[lease.job].update(lease.epoch) { $0.part?.removeAll(where: received.contains) }
        expectComparison(of: received, in: lease.job)
    }

    /// Ends the leases of which everything is computed that they are for, while the job is not done.
    private mutating func endFinishedParts(of id: JobNumber) {
        for holding in jobs[id].holdings {
            guard let part = holding.part else { continue }
            let lease = LeaseNumber(job: id, epoch: holding.epoch)
            if holding.isCheck {
                guard part.isEmpty else { continue }
                release(lease, .done, "compared")
            } else {
                guard holding.isPartial, !jobs[id].missing.isEmpty, jobs[id].missing(of: part).isEmpty else { continue }
                release(lease, .done, "its part is done")
                makeReady(id)
            }
            passCanary(holding.worker)
        }
    }

    private func fault(in rows: [WireRow], of id: JobNumber) -> String? {
        guard !rows.isEmpty, rows.count <= parameters.batchLimit else {
            return "\(rows.count) rows; 1 to \(parameters.batchLimit) are allowed"
        }
        for row in rows {
            guard jobs[id].hasExample(row.example) else { return "example \(row.example), which is not of the job" }
            let hasNaN =
                row.flopsReduction.isNaN || row.flopsReductionWithHead.isNaN
                || row.choices.contains { $0.loglikelihood.isNaN || $0.margin.isNaN }
            guard !hasNaN else { return "NaN in example \(row.example)" }
        }
        return nil
    }

    /// Over: rows of all examples are in, or of all that are not given up.
    mutating func complete(_ id: JobNumber, by worker: WorkerNumber? = nil) {
        guard jobs[id].isOpen, jobs[id].missing.isEmpty else { return }
        // What two computed together says nothing of one's pace.
        if !jobs[id].isShared {
            for holding in jobs[id].holdings where !holding.isCheck && holding.hasProgressed && holding.tokens > 0 {
                runs[id.run].pace.note(clock - holding.began, tokens: holding.tokens)
            }
        }
        if let worker, jobs[id].isHeld(by: worker) { passCanary(worker) }
        retire(id, besides: worker)
        let givenUp = jobs[id].givenUp
        close(id, givenUp.isEmpty ? .done : .failed(detail: Self.names(of: givenUp)))
    }

    private static func names(of examples: [UInt32]) -> String {
        let few = examples.prefix(16).map(String.init).joined(separator: ", ")
        return "given up: examples \(few)\(examples.count > 16 ? " and \(examples.count - 16) others" : "")"
    }

    /// Books that a job is over.
    mutating func close(_ id: JobNumber, _ state: JobState) {
        guard jobs[id].isOpen else { return }
        commit(.job(jobs[id].facts.id, state))
        runs[id.run].openJobs -= 1
        if state == .done {
            jobs[id].phase = .done
            counters.jobsDone += 1
        } else {
            jobs[id].phase = .failed
            runs[id.run].failedJobs += 1
            counters.jobsFailed += 1
        }
        queueChecks(id)
        endIfOver(id.run)
    }
}
