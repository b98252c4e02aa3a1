// swift-tools-version: 6.2
import PackageDescription

// Built by Scripts/compare, which says in RIVALS which other libraries are installed: cyrus, lmdb, sqlite, db.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .treatAllWarnings(as: .error), .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The libraries that a rival is made of.
let libraries = [
  "cyrus": ["cyrus_imap", "cyrus_sieve", "cyrus", "cyrus_min"], "lmdb": ["lmdb"], "sqlite": ["sqlite3"], "db": ["db"],
]
let rivals = (Context.environment["RIVALS"] ?? "").split(separator: " ").map(String.init)

/// Scripts/compare track sets this: what it takes besides is not needed otherwise.
let tracks = Context.environment["TRACKING"] != nil
let tracking: [Target] =
  tracks
  ? [
    .executableTarget(
      name: "Tracking", dependencies: ["Subjects", .product(name: "Benchmark", package: "benchmark")],
      path: "Benchmarks/Tracking", swiftSettings: settings,
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
  ] : []

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "cyrus-inspect", path: "..")]
    + (tracks ? [.package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: [])] : []),
  targets: tracking + [
    // A link into Tests.
    .target(name: "TestSupport", swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    .target(
      name: "CRivals",
      cSettings: [.enableWarning("all"), .treatAllWarnings(as: .error)]
        + rivals.map { .define("HAS_" + $0.uppercased()) },
      linkerSettings: rivals.flatMap { libraries[$0] ?? [] }.map { .linkedLibrary($0) }),
    .target(
      name: "Subjects",
      dependencies: [
        "CRivals", "TestSupport", .product(name: "CyrusDatabase", package: "cyrus-inspect"),
        .product(name: "CyrusMailboxes", package: "cyrus-inspect"),
        .product(name: "CyrusSync", package: "cyrus-inspect"),
      ],
      swiftSettings: settings),
    .executableTarget(name: "compare", dependencies: ["Subjects", "CRivals"], swiftSettings: settings),
  ]
)
