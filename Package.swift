// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "molt",
    products: [
        .executable(name: "coord", targets: ["coord"]),
        .executable(name: "worker", targets: ["worker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        // Without its optional parts; their flags come in no fixed order, which would rebuild all that depends on it.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // Without its optional parts, such as reading settings from the environment.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The system's libraries, and the hot loops.
        // Only its header: `make cuda` builds the library, which is loaded at run time.
        .systemLibrary(name: "CUDAKernels"),
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .target(
            name: "CKernels",
            // Optimised in debug builds too; contraction off, so that the only fused multiply-adds are the written ones.
            cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])] + Strict.c,
            linkerSettings: [.linkedLibrary("m")]),
        // Debian's libcurl4-openssl-dev; a shim of ours, because Swift cannot call its variadic functions.
        .target(name: "CCurl", cSettings: Strict.c, linkerSettings: [.linkedLibrary("curl")]),

        // Which revision this is.
        .target(name: "CSQLite", cSettings: Strict.c, linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "CRevision", cSettings: [.define("MOLT_REVISION", to: "\"\(Revision.text)\"")] + Strict.c),

        // The model side: a layer imports only what stands above it here.
        .molt("Hashing", [.crypto]),
        .molt("Wording", []),
        .molt("OrderedJSON", []),
        .molt("ModelFiles", ["Hashing", .crypto]),
        .molt("Tokenizer", ["Hashing"]),
        .molt("Operations", ["ModelFiles"]),
        .molt("Mamba", ["Operations", "ModelFiles", "Hashing"]),
        .molt("Backends", ["Operations", "ModelFiles", "CKernels", "COpenBLAS", "CUDAKernels"]),
        .molt("Statistics", []),
        .molt("Benchmarks", ["Tokenizer", "Statistics", "Hashing", "Wording", "OrderedJSON"]),
        .molt("Scoring", ["Mamba", "Operations", "ModelFiles"]),
        .molt("Hub", ["CCurl", "ModelFiles", "Benchmarks", "Hashing", "Wording", .crypto]),

        // The cluster side.
        .molt("Wire", [.protobuf, .crypto], exclude: ["molt.proto"]),
        .molt("Cluster", ["Wire", "Hashing", "Wording"]),
        .molt("Messaging", ["CZeroMQ", "Wire", "Hashing"]),
        .molt("Store", [.grdb, .sqlite, "CSQLite", "Cluster", "Wire", "Hashing", "Wording", .crypto]),
        .molt("Reports", ["Store", "Benchmarks", "Statistics", "Hashing", "Wording", "OrderedJSON"]),
        .molt(
            "Dashboard",
            [
                "Store", "Reports", "Statistics", "Benchmarks", "Cluster", "Wire", "Hashing", "Wording", "OrderedJSON",
                "Scoring", "ModelFiles", .hummingbird, .nio, .nioPosix, .nioHTTPTypes, .httpTypes, .lifecycle, .logging,
            ]),

        .molt("Settings", [.yams, .arguments]),

        // Where they meet.
        .molt(
            "Jobs",
            [
                .yams, "Benchmarks", "Tokenizer", "ModelFiles", "Operations", "Mamba", "Scoring", "Hashing", "Wording",
                "OrderedJSON",
            ]),
        .molt(
            "Daemons",
            [
                "Jobs", "Scoring", "Mamba", "Backends", "Operations", "ModelFiles", "Benchmarks", "Tokenizer",
                "Cluster", "Messaging", "Wire", "Store", "Reports", "Hub", "Hashing", "Wording", "CRevision", .logging,
            ]),
        .executableTarget(
            name: "coord",
            dependencies: [
                "Daemons", "Jobs", "Reports", "Store", "Cluster", "Messaging", "Wire", "ModelFiles", "Benchmarks",
                "Tokenizer", "Hub", "Scoring", "Dashboard", "Backends", "Settings", "Wording", .arguments, .logging,
            ],
            swiftSettings: Strict.swift),
        .executableTarget(
            name: "worker",
            dependencies: [
                "Daemons", "Scoring", "Backends", "Mamba", "Operations", "ModelFiles", "Messaging", "Hub", "Settings",
                "Wording", .arguments, .logging,
            ],
            swiftSettings: Strict.swift),

        // One test target a module, and what they share.
        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: Strict.swift),
        .target(name: "TestDevices", dependencies: ["Backends"], path: "Tests/Devices", swiftSettings: Strict.swift),
        .target(
            name: "CFaultyDisk", path: "Tests/CFaultyDisk", cSettings: Strict.c,
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(
            name: "ClusterSimulation", dependencies: ["Cluster", "Wire"], path: "Tests/ClusterSimulation",
            swiftSettings: Strict.swift),
        .executableTarget(
            name: "simulate", dependencies: ["ClusterSimulation", .arguments], path: "Tests/simulate",
            swiftSettings: Strict.swift),
        .moltTests("Hashing"),
        .moltTests("Wording"),
        .moltTests("ModelFiles", [.crypto]),
        .moltTests("Tokenizer", ["Hashing"]),
        .moltTests("Backends", ["Operations", "ModelFiles", "CKernels", "Hashing", "TestDevices"]),
        .moltTests("Mamba", ["Backends", "Operations", "ModelFiles", "Hashing", "TestDevices"]),
        .moltTests("Statistics", exclude: ["golden.py", "golden.json"]),
        .moltTests("Benchmarks", ["Tokenizer"]),
        .moltTests(
            "Scoring", ["Mamba", "Backends", "ModelFiles", "Operations", "Benchmarks", "Tokenizer", "TestDevices"]),
        .moltTests("Hub", ["ModelFiles", "Benchmarks", "Daemons", .crypto]),
        .moltTests("Wire", ["Hashing"]),
        .moltTests("Cluster", ["ClusterSimulation", "Wire"]),
        .moltTests("Messaging", ["Wire", "CZeroMQ"]),
        .moltTests("Store", ["Cluster", "Wire", .grdb, "CFaultyDisk"], exclude: ["schema1.sql"]),
        .moltTests("Reports", ["Store", "Cluster", "Wire", "Benchmarks", "Statistics"]),
        .moltTests("Settings"),
        .moltTests("Jobs", ["ModelFiles", "Benchmarks", "Mamba", "Operations"]),
        .moltTests(
            "Processes", module: nil, ["Store", "ModelFiles", "Daemons", "Messaging", "Wire", "CZeroMQ", .grdb]),
        .moltTests(
            "Daemons",
            [
                "Cluster", "Messaging", "Wire", "Store", "Jobs", "ModelFiles", "Hub", "Hashing", "Backends",
                "Operations",
            ]),
        .moltTests("Dashboard", ["Store", "Cluster", "Wire", "Scoring", "ModelFiles", .logging]),
        .moltTests("Tidy", module: nil),

        // `make bench-cluster` and `make fuzz`.
        .executableTarget(
            name: "cluster-bench", dependencies: ["Store", "Cluster", "Wire", "CZeroMQ"], path: "Tests/ClusterBench",
            exclude: ["bench.py", "peers.py"], swiftSettings: Strict.swift),
        .executableTarget(
            name: "wire-fuzz", dependencies: ["Wire", "Hashing"], path: "Tests/WireFuzz", swiftSettings: Strict.swift),
    ],
    swiftLanguageModes: [.v6]
)

enum Revision {
    /// The commit that is built, as the Makefile finds it, `+` behind it when the checkout differs; else `unknown`.
    /// Not `Context.gitInformation`: SwiftPM caches a manifest's outcome across commits, but not across environments.
    static var text: String { Context.environment["MOLT_REVISION"] ?? "unknown" }
}

/// What every target of ours is built with, besides Swift 6 mode's strict concurrency.
enum Strict {
    static var swift: [SwiftSetting] { [.treatAllWarnings(as: .error)] }
    static var c: [CSetting] { [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")] }
}

extension Target {
    static func molt(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
        .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: Strict.swift)
    }

    /// `<name>Tests`, importing `module` (by default the module of that name).
    static func moltTests(
        _ name: String, module: String?, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
    ) -> Target {
        .testTarget(
            name: "\(name)Tests",
            dependencies: dependencies + (module.map { [.target(name: $0)] } ?? []) + ["TestSupport"],
            exclude: exclude, swiftSettings: Strict.swift)
    }

    static func moltTests(
        _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
    ) -> Target {
        moltTests(name, module: name, dependencies, exclude: exclude)
    }
}

extension Target.Dependency {
    static var arguments: Self { .product(name: "ArgumentParser", package: "swift-argument-parser") }
    static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
    static var hummingbird: Self { .product(name: "Hummingbird", package: "hummingbird") }
    static var lifecycle: Self { .product(name: "ServiceLifecycle", package: "swift-service-lifecycle") }
    static var nio: Self { .product(name: "NIOCore", package: "swift-nio") }
    static var nioHTTPTypes: Self { .product(name: "NIOHTTPTypes", package: "swift-nio-extras") }
    static var httpTypes: Self { .product(name: "HTTPTypes", package: "swift-http-types") }
    static var nioPosix: Self { .product(name: "NIOPosix", package: "swift-nio") }
    static var grdb: Self { .product(name: "GRDB", package: "GRDB.swift") }
    static var sqlite: Self { .product(name: "GRDBSQLite", package: "GRDB.swift") }
    static var logging: Self { .product(name: "Logging", package: "swift-log") }
    static var protobuf: Self { .product(name: "SwiftProtobuf", package: "swift-protobuf") }
    static var yams: Self { .product(name: "Yams", package: "Yams") }
}
