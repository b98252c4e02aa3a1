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

let package = Package(
  name: "Benchmarks",
  products: [.library(name: "Subjects", targets: ["Subjects"])],
  dependencies: [.package(name: "cyrus-inspect", path: "..")],
  targets: [
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
