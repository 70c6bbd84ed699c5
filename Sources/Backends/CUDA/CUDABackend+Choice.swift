import CUDAKernels
import Operations

extension CUDABackend {
    public func reduce(
        hidden: CUDAMatrix, residual: CUDAMatrix, by choices: [SequenceChoice], of features: CUDAMatrix
    ) -> ChosenReduction<CUDAMatrix>? {
        guard choosesRows, let rule = choices.first?.choice else { return nil }
        precondition(
            choices.allSatisfy {
                $0.choice.importance == rule.importance && $0.choice.sources == rule.sources
                    && $0.choice.rectified == rule.rectified && $0.choice.exchanged == rule.exchanged
            }, "sequences reduced by unlike rules")
        precondition(hidden.rows == features.rows && residual.rows == features.rows, "branches of unlike height")
        let record = CUDAChoiceRecord(choices, rows: features.rows, on: device)
        let out = make(rows: record.outputs, columns: hidden.columns)
        let residualOut = make(rows: record.outputs, columns: residual.columns)
        record.plan.withUnsafeBufferPointer { plan in
            guard let plan = plan.baseAddress, let memory = record.buffer.memory else { return }
            var choice = mc_choice(
                features: features.view, host_sequences: plan, sequence_count: Int64(choices.count),
                source_count: Int64(record.sources), destination_count: Int64(record.destinations),
                output_count: Int64(record.outputs), sources: rule.sources.libraryName,
                reads_importance: rule.importance == nil ? 0 : 1,
                metric: (rule.importance ?? .clip).libraryName, rectified: rule.rectified ? 1 : 0,
                exchanged: rule.exchanged ? 1 : 0, hidden: hidden.view, residual: residual.view,
                hidden_out: out.values, residual_out: residualOut.values, record: memory)
            functions.choose(handle, &choice)
        }
        return ChosenReduction(hidden: out, residual: residualOut, record: record)
    }
}

/// What a device chose of some sequences, where the device wrote it; see `mc_choice.record`.
struct CUDAChoiceRecord: ChoiceRecord {
    let plan: [mc_sequence]
    let sources: Int
    let destinations: Int
    let outputs: Int
    let buffer: CUDABuffer
    private let rows: Int
    private let choices: [SequenceChoice]

    init(_ choices: [SequenceChoice], rows: Int, on device: CUDADevice) {
        var (sources, destinations, outputs) = (0, 0, 0)
        plan = choices.map { each in
            let (choice, connected) = (each.choice, each.choice.connected)
            precondition(
                choice.pruned + choice.used <= choice.rows && choice.used <= connected.sources
                    && max(choice.hiddenPruned, choice.residualPruned) <= choice.used, "a choice of more than there is")
            defer {
                sources += connected.sources
                destinations += connected.destinations
                outputs += choice.keptCount + each.spared
            }
            return mc_sequence(
                first: Int32(each.first), rows: Int32(choice.rows), spared: Int32(each.spared),
                pruned: Int32(choice.pruned), sources: Int32(connected.sources),
                destinations: Int32(connected.destinations), first_source: Int32(sources),
                first_destination: Int32(destinations), used: Int32(choice.used),
                hidden_pruned: Int32(choice.hiddenPruned), residual_pruned: Int32(choice.residualPruned),
                first_output: Int32(outputs))
        }
        (self.sources, self.destinations, self.outputs) = (sources, destinations, outputs)
        self.rows = rows
        self.choices = choices
        buffer = CUDABuffer(bytes: 4 * (2 * rows + 4 * sources + destinations), for: mc_for_activations, on: device)
    }

    func read() throws -> [ChosenRows] {
        var words = [Int32](repeating: 0, count: 2 * rows + 4 * sources + destinations)
        words.withUnsafeMutableBytes { target in
            guard let base = target.baseAddress, let memory = buffer.memory, target.count > 0 else { return }
            buffer.device.functions.download(buffer.device.handle, base, memory, UInt64(target.count))
        }
        try buffer.device.check()
        return zip(plan, choices).map { rows(of: $0, $1.choice, in: words) }
    }

    private func rows(of sequence: mc_sequence, _ choice: RowChoice, in words: [Int32]) -> ChosenRows {
        let first = Int(sequence.first)
        let sourceList = 2 * rows + Int(sequence.first_source)
        let destinationList = 2 * rows + sources + Int(sequence.first_destination)
        let matched = sourceList + sources + destinations
        let all = 0..<Int(sequence.sources)
        func float(_ place: Int) -> Float { Float(bitPattern: UInt32(bitPattern: words[place])) }
        var used = [Int](repeating: 0, count: choice.used)
        for source in all {
            let rank = Int(words[matched + 2 * sources + source])
            if rank < choice.used { used[rank] = source }
        }
        return ChosenRows(
            importance: choice.importance.map { _ in (0..<choice.rows).map { float(first + $0) } },
            pruned: choice.pruned == 0
                ? [] : (0..<choice.rows).filter { words[rows + first + $0] < choice.pruned },
            sources: all.map { Int(words[sourceList + $0]) - first },
            destinations: all.map { Int(words[destinationList + Int(words[matched + $0])]) - first },
            similarities: all.map { float(matched + sources + $0) }, used: used)
    }
}

extension RowChoice.Sources {
    fileprivate var libraryName: mc_sources {
        switch self {
        case .none: mc_no_sources
        case .lessImportant: mc_less_important
        case .evenPlaces: mc_even_places
        }
    }
}
