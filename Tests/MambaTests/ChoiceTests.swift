import Backends
import Hashing
import Mamba
import ModelFiles
import Operations
import TestDevices
import Testing

@Suite(
    "Rows that a device chooses itself",
    .enabled(if: !CUDADevices.available.isEmpty, "\(CUDADevices.explanation)"))
struct ChoiceTests {
    static let methods: [(Reduction.Method, Reduction.Variant)] = [
        (.utrc, .paper), (.evit, .paper), (.pumer, .paper), (.pumer, .released), (.ltmp, .paper),
    ]

    /// Packed sequences; of some, the last rows take no part.
    private struct Packed {
        var lengths = [0, 1, 2, 3, 34, 70, 9, 300]
        var spared = [0, 0, 1, 0, 4, 0, 9, 2]
        var keepRatio = 0.7

        var segments: Segments { Segments(lengths: lengths) }

        func choices(_ rule: any ChoosingMethod, _ reduction: Reduction) -> [SequenceChoice] {
            lengths.indices.map { index in
                SequenceChoice(
                    first: segments[index].lowerBound, spared: spared[index],
                    choice: rule.choice(
                        of: lengths[index] - spared[index], keepRatio: keepRatio, reduction: reduction))
            }
        }
    }

    /// What the host decides by the importances and matches of a backend, and makes of two branches.
    private func decide<B: Backend>(
        _ rule: any ReductionMethod, _ reduction: Reduction, _ packed: Packed, features: [Float],
        branches: [[Float]], on backend: B
    ) throws -> (decisions: [ReductionDecision?], outputs: [[Float]]) {
        let rows = packed.segments.rowCount
        let matrix = backend.matrix(features, rows: rows, columns: features.count / rows)
        var decisions: [ReductionDecision?] = []
        var all = (hidden: RowReduction(kept: []), residual: RowReduction(kept: []))
        for index in packed.lengths.indices {
            let segment = packed.segments[index]
            let range = segment.dropLast(packed.spared[index])
            var decision: ReductionDecision?
            if !range.isEmpty {
                let sequence = SequenceRows(features: matrix, range: range, tokens: [], afterLayer: 0, on: backend)
                decision = try rule.decide(sequence, keepRatio: packed.keepRatio, reduction: reduction)
            }
            for (branch, each) in [(\ReductionDecision.hidden, 0), (\.residual, 1)] {
                guard let reduction = decision?[keyPath: branch] else { continue }
                let kept = reduction.kept.map { $0 + range.lowerBound }
                let merges = reduction.merges.map { merge in
                    RowReduction.Merge(
                        destination: merge.destination + range.lowerBound,
                        sources: merge.sources.map { $0 + range.lowerBound })
                }
                if each == 0 { all.hidden.kept += kept } else { all.residual.kept += kept }
                if each == 0 { all.hidden.merges += merges } else { all.residual.merges += merges }
            }
            all.hidden.kept += segment.suffix(packed.spared[index])
            all.residual.kept += segment.suffix(packed.spared[index])
            decisions.append(decision)
        }
        let outputs = try zip(branches, [all.hidden, all.residual]).map { values, reduction in
            try backend.values(
                of: backend.reduce(
                    backend.matrix(values, rows: rows, columns: values.count / rows), by: reduction))
        }
        return (decisions, outputs)
    }

    private func check<B: Backend>(
        _ method: (Reduction.Method, Reduction.Variant), _ reduction: Reduction, _ packed: Packed, features: [Float],
        against backend: B, on device: CUDABackend, _ place: Comment
    ) throws {
        let rule = try #require(method.0.rule(method.1) as? any ChoosingMethod)
        let rows = packed.segments.rowCount
        var random = SplitMix64(state: 5)
        let branches = [12, 5].map { columns in
            (0..<rows * columns).map { _ in Float.random(in: -1...1, using: &random) }
        }
        let expected = try decide(rule, reduction, packed, features: features, branches: branches, on: backend)
        let reduced = try #require(
            device.reduce(
                hidden: device.matrix(branches[0], rows: rows, columns: 12),
                residual: device.matrix(branches[1], rows: rows, columns: 5),
                by: packed.choices(rule, reduction),
                of: device.matrix(features, rows: rows, columns: features.count / rows)))
        for (chosen, decision) in zip(try reduced.record.read(), expected.decisions) {
            guard let decision else { continue }
            #expect(chosen.importance == decision.importance, place)
            let connections = decision.matching?.connections ?? []
            #expect(chosen.sources == connections.map(\.source), place)
            #expect(chosen.destinations == connections.map(\.destination), place)
            #expect(chosen.similarities == connections.map(\.similarity), place)
        }
        for (output, expected) in zip([reduced.hidden, reduced.residual], expected.outputs) {
            #expect(try device.values(of: output).map(\.bitPattern) == expected.map(\.bitPattern), place)
        }
    }

    private static func reduction(
        _ method: (Reduction.Method, Reduction.Variant), importance: Importance = .clip, pruning: Double = 0.5
    ) throws -> Reduction {
        try Reduction(
            method: method.0, layers: [1, 3], amount: .keepRatio(0.7), importance: importance,
            hiddenPrune: pruning, variant: method.1)
    }

    @Test("are those that the host chooses, and leave the same bits", arguments: CUDADevices.available, 0..<5)
    func sameRows(device: CUDADevices, method: Int) throws {
        let (method, backend) = (Self.methods[method], try device.backend())
        var random = SplitMix64(state: 11)
        for (keepRatio, importance) in zip([0.7, 0.3, 1, 0.9], Importance.allCases) {
            var packed = Packed()
            packed.keepRatio = keepRatio
            let features = (0..<packed.segments.rowCount * 40).map { _ in Float.random(in: -1...1, using: &random) }
            let host = try CUDABackend(device.device(), choosesRows: false)
            try check(
                method, Self.reduction(method, importance: importance), packed, features: features, against: host,
                on: backend, "keeping \(keepRatio) by \(importance)")
        }
    }

    @Test(
        "are the CPU's, ties and rows that are all zeros included", arguments: CUDADevices.available, 0..<5)
    func sameAsCPU(device: CUDADevices, method: Int) throws {
        let (method, backend) = (Self.methods[method], try device.backend())
        var random = SplitMix64(state: 12)
        for (columns, pruning) in [(1, 0.5), (4, 0), (9, 1)] {
            // Sums of these are exact in any order.
            let packed = Packed()
            let features = (0..<packed.segments.rowCount * columns).map { _ in
                Float(Int.random(in: -2...2, using: &random)) / 4
            }
            try check(
                method, Self.reduction(method, pruning: pruning), packed, features: features,
                against: CPUBackend(), on: backend, "\(columns) columns")
        }
    }

    @Test(
        "leave a pass as it is when the host chooses them", arguments: CUDADevices.available.prefix(1), 0..<5)
    func passes(device: CUDADevices, method: Int) throws {
        let reduction = try Self.reduction(Self.methods[method])
        let lengths = [9, 1, 40, 17]
        let tokens = Synthetic.tokens(lengths.reduce(0, +), seed: 3)
        for architecture in [.mamba1, .mamba2] as [ModelConfiguration.Architecture] {
            let passes = try [false, true].map { chooses in
                let backend = try CUDABackend(device.device(), choosesRows: chooses)
                let model = try LanguageModel(Synthetic.checkpoint(architecture), on: backend)
                var state = model.initialState(sequences: lengths.count)
                let hidden = try model.forward(
                    tokens, segments: Segments(lengths: lengths), state: &state, reduction: reduction)
                return (hidden.positions, hidden.steps, try model.allLogits(hidden).map(\.bitPattern))
            }
            #expect(passes[0].0 == passes[1].0)
            #expect(passes[0].1 == passes[1].1)
            #expect(passes[0].2 == passes[1].2)
        }
    }
}
