import Cluster
import Store
import TestSupport

/// A store with the sample run in it, all of whose jobs wait.
struct Stage {
    let folder: TemporaryFolder
    let store: ResultsStore
    let manifest = Sample.manifest()

    init() throws {
        folder = try TemporaryFolder()
        store = try Sample.open(folder.path())
        try store.createRun(manifest)
    }
}

/// A suite whose tests each begin on a stage of their own.
protocol OneRun {
    var stage: Stage { get }
}

extension OneRun {
    var folder: TemporaryFolder { stage.folder }
    var store: ResultsStore { stage.store }
    var manifest: RunManifest { stage.manifest }
    /// The run's first.
    var job: JobID { manifest.shards[0].job }
}
