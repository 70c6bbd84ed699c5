import Backends
import Operations
import Testing

@Suite("A profiled backend")
struct ProfiledTests {
    @Test("gives the bits of the backend within")
    func transparent() throws {
        let base = CPUBackend()
        let profiled = Profiled(base)
        #expect(profiled.engine == base.engine && profiled.arithmetic == base.arithmetic)
        for operation in Cases.all {
            for (actual, expected) in zip(try operation.run(on: profiled), try operation.run(on: base)) {
                #expect(actual.hasSameBits(as: expected), "\(operation): \(actual.name)")
            }
        }
    }

    @Test("counts each kind of operation to its part, and what is left to the rest")
    func parts() throws {
        let cases: [(any Operation, Set<Profile.Part>)] = [
            (Project(rows: 20, inputs: 30, outputs: 40), [.products]), (Embed(vocabulary: 9, dimension: 9), []),
            (Rows(rows: 9, columns: 17), [.reduction]), (Normalize(rows: 9, columns: 50), [.norms]),
            (Gate(rows: 3, columns: 30, group: 10), [.norms]),
            (Matches(sources: 9, destinations: 10, columns: 31), [.reduction]),
            (Importances(rows: 9, columns: 40, metric: .l1), [.reduction]),
            (Score(rows: 5, dimension: 16, vocabulary: 512), [.head]),
            (Choose(rows: 5, dimension: 16, vocabulary: 512), [.head]),
            (Convolve(lengths: [9], channels: 17), [.convolution]),
            (SelectiveScan(lengths: [9], channels: 5, states: 3), [.scan]),
        ]
        for (operation, expected) in cases {
            let profiled = Profiled(CPUBackend())
            let profile = try profiled.profile { try operation.run(on: profiled) }.profile
            let found = Profile.Part.allCases.filter { $0 != .rest && profile[$0] > 0 }
            #expect(Set(found) == expected, "\(operation)")
            #expect(profile[.rest] > 0)
        }
    }

    @Test("counts an operation within a decision once, and begins anew each time")
    func nested() throws {
        let profiled = Profiled(ReferenceBackend())
        let features = profiled.matrix([Float](repeating: 1, count: 200_000), rows: 400, columns: 500)
        let profile = try profiled.profile {
            try profiled.deciding {
                try profiled.importance(of: features, rows: 0..<400, metric: .clip)
            }
        }.profile
        #expect(profile[.reduction] > 0.5 * profile.total)
        #expect(profile[.rest] >= 0)
        let empty = profiled.profile {}.profile
        #expect(empty.total == empty[.rest])
    }
}
