import ModelFiles
import Operations

/// Where the segments of a pass start from, and which of their last states are kept.
///
/// A layer's states are put together when the pass comes to the layer, and given up after it but for those that are
/// kept, so that sequences which nothing follows cost one layer's states at a time.
struct Recurrence<B: Backend> {
    /// The states before each segment's first row.
    enum Start {
        /// Nothing has been read.
        case nothing
        /// Segment i goes on after state i; where that is nil, after its parent in the pass, or after nothing.
        case after([SequenceState<B>?])
        /// Segment i goes on after sequence i.
        case packed(ModelState<B>)
    }

    /// Without what `packed` holds.
    private let start: Start
    /// States that are given up, a layer at a time, to be updated in place.
    private var packed: [LayerState<B>?] = []
    private var firstPacked = 0
    private let segments: Int
    private let kept: [Int]
    private let configuration: ModelConfiguration
    private let backend: B
    private var firstLayer: Int?
    private var layers: [LayerState<B>] = []

    /// - Parameter kept: the segments whose last state is kept, ascending.
    init(_ start: Start, segments: Int, keeping kept: [Int], _ configuration: ModelConfiguration, on backend: B) {
        if case .packed(let state) = start {
            packed = state.layers.map(Optional.some)
            firstPacked = state.firstLayer
            self.start = .nothing
        } else {
            self.start = start
        }
        self.segments = segments
        self.kept = kept
        self.configuration = configuration
        self.backend = backend
    }

    /// The states that were kept, of the layers that the pass ran, in the order of `kept`.
    var end: ModelState<B> { ModelState(layers, from: firstLayer ?? 0, on: backend) }

    /// Runs a layer from the states before it, and keeps what is wanted of the states after it.
    mutating func through<Output>(_ layer: Int, _ run: (inout LayerState<B>) -> Output) -> Output {
        var state = takeState(before: layer)
        let output = run(&state)
        if firstLayer == nil { firstLayer = layer }
        if kept.count == segments {
            layers.append(state)
        } else if !kept.isEmpty {
            layers.append(state.picked(kept, on: backend))
        }
        return output
    }

    private mutating func takeState(before layer: Int) -> LayerState<B> {
        let place = layer - firstPacked
        if packed.indices.contains(place), let state = packed[place].take() { return state }
        if case .after(let states) = start {
            return LayerState(states.map { $0?.place(ofLayer: layer) }, configuration, on: backend)
        }
        return LayerState(configuration, sequences: segments, on: backend)
    }
}
