import Operations

/// The shapes at which fast kernels go wrong: one of everything, odd everything, one more and one less than a vector,
/// a tile or a block, nothing at all, and sizes that two threads share.
enum Cases {
    static let all: [any Operation] = products + rows + scans

    static let products: [any Operation] = [
        Project(rows: 1, inputs: 1, outputs: 1),
        Project(rows: 0, inputs: 5, outputs: 7),
        Project(rows: 3, inputs: 7, outputs: 33, offset: 5),
        Project(rows: 13, inputs: 48, outputs: 31, offset: 1),
        Project(rows: 25, inputs: 67, outputs: 80),
        Project(rows: 37, inputs: 1030, outputs: 70, offset: 3),
        Project(rows: 130, inputs: 96, outputs: 300),
        Project(rows: 200, inputs: 300, outputs: 50),
        Project(rows: 15, inputs: 20, outputs: 64),
        Project(rows: 295, inputs: 40, outputs: 35),
        Project(rows: 2, inputs: 2100, outputs: 257),
        Embed(vocabulary: 1, dimension: 1),
        Embed(vocabulary: 77, dimension: 50),
        Score(rows: 1, dimension: 3, vocabulary: 2),
        Score(rows: 5, dimension: 16, vocabulary: 512),
        Score(rows: 7, dimension: 33, vocabulary: 1027),
        Score(rows: 101, dimension: 64, vocabulary: 1500),
        Score(rows: 0, dimension: 8, vocabulary: 9),
        Choose(rows: 1, dimension: 3, vocabulary: 1), Choose(rows: 5, dimension: 33, vocabulary: 1027),
        Choose(rows: 101, dimension: 16, vocabulary: 1500), Choose(rows: 0, dimension: 8, vocabulary: 9),
    ]

    static let rows: [any Operation] =
        [
            Rows(rows: 0, columns: 3), Rows(rows: 1, columns: 1), Rows(rows: 9, columns: 17),
            Rows(rows: 40, columns: 1030),
            Normalize(rows: 0, columns: 4), Normalize(rows: 1, columns: 1), Normalize(rows: 5, columns: 50),
            Normalize(rows: 90, columns: 768),
            Normalize(rows: 2, columns: 33, scale: 0), Normalize(rows: 2, columns: 33, scale: 0x1p-133),
            Normalize(rows: 2, columns: 33, scale: 1e25),
            Gate(rows: 1, columns: 1, group: 1), Gate(rows: 3, columns: 30, group: 10),
            Gate(rows: 70, columns: 512, group: 512), Gate(rows: 4, columns: 34, group: 17, range: -200...200),
            Matches(sources: 1, destinations: 1, columns: 1), Matches(sources: 0, destinations: 3, columns: 4),
            Matches(sources: 9, destinations: 10, columns: 31), Matches(sources: 120, destinations: 121, columns: 64),
            Matches(sources: 250, destinations: 251, columns: 1536),
            Matches(sources: 1, destinations: 1, columns: 1, rectified: true),
            Matches(sources: 120, destinations: 121, columns: 65, rectified: true),
            MergeLargest(sources: 1, taken: 0, columns: 1), MergeLargest(sources: 1, taken: 1, columns: 3),
            MergeLargest(sources: 2, taken: 1, columns: 16), MergeLargest(sources: 3, taken: 1, columns: 17),
            MergeLargest(sources: 7, taken: 7, columns: 40), MergeLargest(sources: 33, taken: 16, columns: 50),
            MergeLargest(sources: 100, taken: 50, columns: 64, alphabet: 3),
            MergeLargest(sources: 205, taken: 102, columns: 768),
        ]
        + Importance.allCases.flatMap {
            [Importances(rows: 1, columns: 1, metric: $0), Importances(rows: 120, columns: 401, metric: $0)]
        }

    static let scans: [any TimeOperation] = [
        Convolve(lengths: [1], channels: 1), Convolve(lengths: [0, 3, 0, 5], channels: 17, offset: 3),
        Convolve(lengths: [2, 40, 1, 4, 17], channels: 48), Convolve(lengths: [90], channels: 400),
        Convolve(lengths: [5, 1], channels: 16, width: 1), Convolve(lengths: [2, 9], channels: 19, width: 7),
        SelectiveScan(lengths: [1], channels: 1, states: 1),
        SelectiveScan(lengths: [0, 4, 0, 1], channels: 5, states: 3),
        SelectiveScan(lengths: [20, 1, 33], channels: 35, states: 16),
        SelectiveScan(lengths: [70], channels: 96, states: 16),
        SelectiveScan(lengths: [12, 18], channels: 32, states: 20),
        SelectiveScan(lengths: [60], channels: 32, states: 16, steps: .extreme),
        SelectiveScan(lengths: [60], channels: 21, states: 5, steps: .extreme),
        HeadScan(lengths: [1], shape: shape(1, 1, 1, 1)), HeadScan(lengths: [0, 5, 0], shape: shape(2, 3, 1, 5)),
        HeadScan(lengths: [7, 34], shape: shape(4, 8, 2, 8)), HeadScan(lengths: [40, 2], shape: shape(3, 16, 3, 16)),
        HeadScan(lengths: [33, 1, 300], shape: shape(2, 20, 1, 33)),
        HeadScan(lengths: [20], shape: shape(4, 64, 1, 128)),
        HeadScan(lengths: [50], shape: shape(3, 17, 1, 16), steps: .extreme),
        HeadScan(lengths: [50], shape: shape(2, 8, 1, 8), steps: .extreme, limit: 0.001...0.1),
    ]

    private static func shape(_ heads: Int, _ width: Int, _ groups: Int, _ states: Int) -> HeadScanShape {
        HeadScanShape(heads: heads, headDimension: width, groups: groups, stateDimension: states)
    }
}
