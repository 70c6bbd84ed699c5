/// Which of our modules and libraries each target may import: the arrows of ARCHITECTURE.md.
enum Layers {
    static let everywhere: Set<String> = ["Foundation", "FoundationEssentials", "Dispatch", "Glibc", "Synchronization"]

    static let imports: [String: Set<String>] = [
        "Hashing": ["Crypto"],
        "Wording": [],
        "OrderedJSON": [],
        "ModelFiles": ["Hashing", "Crypto"],
        "Tokenizer": ["Hashing"],
        "CRevision": [],
        "CKernels": [],
        "COpenBLAS": [],
        "CUDAKernels": [],
        "CZeroMQ": [],
        "CCurl": [],
        "CSQLite": [],
        "Operations": ["ModelFiles"],
        "Mamba": ["Operations", "ModelFiles", "Hashing"],
        "Backends": ["Operations", "ModelFiles", "CKernels", "COpenBLAS", "CUDAKernels"],
        "Statistics": [],
        "Benchmarks": ["Tokenizer", "Statistics", "Hashing", "Wording", "OrderedJSON"],
        "Scoring": ["Mamba", "Operations", "ModelFiles"],
        "Hub": ["CCurl", "ModelFiles", "Benchmarks", "Hashing", "Wording", "Crypto"],
        "Wire": ["SwiftProtobuf", "Crypto"],
        "Cluster": ["Wire", "Hashing", "Wording"],
        "Messaging": ["CZeroMQ", "Wire", "Hashing"],
        "Store": ["GRDB", "GRDBSQLite", "CSQLite", "Cluster", "Wire", "Hashing", "Wording", "Crypto"],
        "Reports": ["Store", "Benchmarks", "Statistics", "Hashing", "Wording", "OrderedJSON"],
        "Dashboard": [
            "Store", "Reports", "Statistics", "Benchmarks", "Cluster", "Wire", "Hashing", "Wording", "OrderedJSON",
            "Scoring", "ModelFiles", "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOPosix",
            "NIOHTTPTypes", "ServiceLifecycle", "Logging",
        ],
        "Jobs": [
            "Yams", "Benchmarks", "Tokenizer", "ModelFiles", "Operations", "Mamba", "Scoring", "Hashing", "Wording",
            "OrderedJSON",
        ],
        "Settings": ["Yams", "ArgumentParser"],
        "Daemons": [
            "Jobs", "Scoring", "Mamba", "Backends", "Operations", "ModelFiles", "Benchmarks", "Tokenizer", "Cluster",
            "Messaging", "Wire", "Store", "Reports", "Hub", "Hashing", "Wording", "CRevision", "Logging",
        ],
        "coord": [
            "ArgumentParser", "Logging", "Daemons", "Jobs", "Reports", "Store", "Cluster", "Messaging", "Wire",
            "ModelFiles", "Benchmarks", "Tokenizer", "Backends", "Hub", "Scoring", "Dashboard", "Settings", "Wording",
        ],
        "worker": [
            "ArgumentParser", "Logging", "Daemons", "Scoring", "Backends", "Mamba", "Operations", "ModelFiles",
            "Messaging", "Hub", "Settings", "Wording",
        ],
    ]
}
