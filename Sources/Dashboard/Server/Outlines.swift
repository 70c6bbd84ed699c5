import Reports
import Store
import Synchronization

/// The cells of a run with their names, which stay as they are from its acceptance on.
struct RunOutline: Sendable {
    let cells: [CellHead]
    /// The short name of each cell's reduction.
    let labels: [String]

    init(_ cells: [CellHead]) {
        self.cells = cells
        labels = reductionLabels(cells.map(\.reduction))
    }

    /// The name of a cell's reduction.
    func label(of cell: CellHead) -> String {
        cells.firstIndex { $0.id == cell.id }.map { labels[$0] } ?? cell.reduction
    }
}

/// The outlines that were asked for last.
final class Outlines: Sendable {
    private static let limit = 64

    private let kept = Mutex<[(run: String, outline: RunOutline)]>([])

    /// The outline of a run; without cells for an unknown one.
    func outline(of run: String, in store: StorePool) async throws -> RunOutline {
        if let known = kept.withLock({ $0.first { $0.run == run }?.outline }) { return known }
        let outline = try await store.read { RunOutline(try $0.cellHeads(run: run)) }
        if !outline.cells.isEmpty {
            kept.withLock { kept in
                kept = [(run, outline)] + kept.filter { $0.run != run }.prefix(Self.limit - 1)
            }
        }
        return outline
    }
}
