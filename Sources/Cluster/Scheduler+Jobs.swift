import Wire

/// Rows come, until a job is done.
extension Scheduler {
    /// A current lease, if it is the worker's and of that epoch.
    func holding(of name: LeaseName, by worker: WorkerKey) -> JobRecord.Holding? {
        guard let holding = jobs[name.job]?.holding(name.epoch), holding.lease.worker == worker else { return nil }
        return holding
    }

    /// Rows: durable first, then acknowledged. They count under any lease of the job that the worker ever held.
    mutating func score(_ name: LeaseName, _ batch: UInt64, _ rows: [WireRow], from session: SessionRecord) {
        // A worker that came back with another engine may not deliver what the old one computed.
        guard let job = jobs[name.job], job.wasLeased(to: session.worker, epoch: name.epoch),
            mayScore(name.job, session),
            job.phase != .failed || !rows.contains(where: { job.isMissing($0.example) || job.isGivenUp($0.example) })
        else {
            ignore(session.worker, "scores of \(name.job) under epoch \(name.epoch)")
            return send(.cancel(name), to: session.id)
        }
        if let fault = fault(in: rows, of: job) {
            counters.rowsRejected += UInt64(rows.count)
            ignore(session.worker, "batch \(batch) of \(name.job) has \(fault)")
            send(.cancel(name), to: session.id)
            return charge(name, "sent \(fault)", to: session)
        }
        commit(.scored(job: name.job, epoch: name.epoch, worker: session.worker, rows: rows))
        send(.ack(name, batch: batch), to: session.id)
        count(rows, of: job, name, from: session)
        let struck = jobs[name.job]?.receive(rows.lazy.map(\.example), from: session.number) ?? []
        let holding = holding(of: name, by: session.worker)
        if !struck.isEmpty {
            note(struck, of: name.job, before: job, from: session)
            if holding == nil {
                counters.rowsSalvaged += UInt64(struck.count)
                observe(.salvaged(name, rows: struck.count))
                jobs[name.job]?.isShared = true
            }
        }
        if let holding { noteProgress(holding, rows) }
        endFinishedParts(of: name.job, by: session)
        if jobs[name.job]?.missing.isEmpty == true { complete(name.job, by: session.worker) }
    }

    /// Counts rows that are stored already.
    private mutating func count(_ rows: [WireRow], of job: JobRecord, _ name: LeaseName, from session: SessionRecord) {
        let again = rows.lazy.filter { !job.isMissing($0.example) && !job.isGivenUp($0.example) }
        counters.rowsDuplicate += UInt64(again.count)
        guard job.isShared, job.holding(name.epoch)?.isCheck != true else { return }
        let twice = UInt64(again.count { job.origin(of: $0.example).map { $0 != session.number } ?? false })
        counters.rowsTwice += twice
        runs[job.run]?.rowsTwice += twice
    }

    /// Books rows that were missing.
    private mutating func note(
        _ struck: [UInt32], of id: JobID, before job: JobRecord, from session: SessionRecord
    ) {
        guard let missing = jobs[id]?.missing, let left = jobs[id]?.missingTokens else { return }
        counters.rowsStored += UInt64(struck.count)
        runs[job.run]?.rowsMissing -= UInt64(struck.count)
        runs[job.run]?.strike(tokens: job.missingTokens, left)
        jobs[id]?.suspicion.rowsArrived(missing: missing)
        jobs[id]?.setbacks = 0
        workerRecords[Int(session.number)].rows += UInt64(struck.count)
        workerRecords[Int(session.number)].failedInRow = []
        chooseChecks(struck, of: id, by: session.number)
    }

    private mutating func noteProgress(_ holding: JobRecord.Holding, _ rows: [WireRow]) {
        jobs[holding.lease.job]?.update(holding.lease.epoch) {
            $0.lastProgress = clock
            $0.hasProgressed = true
        }
        guard holding.isCheck else { return }
        let received = Set(rows.lazy.map(\.example))
        jobs[holding.lease.job]?.update(holding.lease.epoch) { $0.part?.removeAll(where: received.contains) }
        expectComparison(of: received, in: holding.lease.job)
    }

    /// Ends the leases of which everything is computed that they are for, while the job is not done.
    private mutating func endFinishedParts(of id: JobID, by session: SessionRecord) {
        guard let job = jobs[id] else { return }
        for holding in job.holdings {
            guard let part = holding.part else { continue }
            if holding.isCheck {
                guard part.isEmpty else { continue }
                release(holding.name, .done, "compared")
            } else {
                guard holding.isPartial, !job.missing.isEmpty, !part.contains(where: job.isMissing) else { continue }
                release(holding.name, .done, "its part is done")
                makeReady(id)
            }
            passCanary(holding.lease.worker)
        }
    }

    private func fault(in rows: [WireRow], of job: JobRecord) -> String? {
        guard !rows.isEmpty, rows.count <= parameters.batchLimit else {
            return "\(rows.count) rows; 1 to \(parameters.batchLimit) are allowed"
        }
        for row in rows {
            guard job.hasExample(row.example) else { return "example \(row.example), which is not of the job" }
            let hasNaN =
                row.flopsReduction.isNaN || row.flopsReductionWithHead.isNaN
                || row.choices.contains { $0.loglikelihood.isNaN || $0.margin.isNaN }
            guard !hasNaN else { return "NaN in example \(row.example)" }
        }
        return nil
    }

    /// Over: rows of all examples are in, or of all that are not given up.
    mutating func complete(_ id: JobID, by worker: WorkerKey? = nil) {
        guard let job = jobs[id], job.isOpen, job.missing.isEmpty else { return }
        for holding in job.holdings where !holding.isCheck && holding.hasProgressed && holding.tokens > 0 {
            // What two computed together says nothing of one's pace.
            if !job.isShared { runs[job.run]?.pace.note(clock - holding.began, tokens: holding.tokens) }
        }
        for holding in job.holdings where holding.lease.worker == worker { passCanary(holding.lease.worker) }
        retire(id, besides: worker)
        close(id, job.givenUp.isEmpty ? .done : .failed(detail: Self.names(of: job.givenUp)))
    }

    private static func names(of examples: [UInt32]) -> String {
        let few = examples.prefix(16).map(String.init).joined(separator: ", ")
        return "given up: examples \(few)\(examples.count > 16 ? " and \(examples.count - 16) others" : "")"
    }

    /// Books that a job is over.
    mutating func close(_ id: JobID, _ state: JobState) {
        guard let job = jobs[id], job.isOpen else { return }
        commit(.job(id, state))
        runs[job.run]?.openJobs -= 1
        if state == .done {
            jobs[id]?.phase = .done
            counters.jobsDone += 1
        } else {
            jobs[id]?.phase = .failed
            runs[job.run]?.failedJobs += 1
            counters.jobsFailed += 1
        }
        queueChecks(id)
        endIfOver(job.run)
    }
}
