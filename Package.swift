// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is compiled with. `Lifetimes` lets our views say how long they live; clients need no flag.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The libraries also borrow views and call the C shim through spans.
let librarySettings =
  settings + [
    .enableExperimentalFeature("Lifetimes"),
    .enableExperimentalFeature("SafeInteropWrappers"),
  ]

/// Tests, and what only tests use.
let testSettings: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// Ways to compute a checksum that the shim may use, in the order of what they ask of a processor: a build with fewer of
/// them runs as on a processor that has no more. Unset: all.
let checksums = ["table", "folding", "wide"].firstIndex(of: Context.environment["CHECKSUMS"] ?? "")

let package = Package(
  name: "cyrus-inspect",
  products: [
    .library(name: "CyrusDatabase", targets: ["CyrusDatabase"]),
    .library(name: "CyrusMailboxes", targets: ["CyrusMailboxes"]),
    .library(name: "CyrusSync", targets: ["CyrusSync"]),
    .library(name: "CyrusFleet", targets: ["CyrusFleet"]),
    .executable(name: "dbinspect", targets: ["dbinspect"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: [
    .target(
      name: "CCyrusShim", path: "CModules/CCyrusShim",
      cSettings: [.enableWarning("all"), .treatAllWarnings(as: .error)]
        + (checksums.map { [.define("CCS_WAYS", to: "\($0)")] } ?? []),
      linkerSettings: [.linkedLibrary("z")]),
    .target(name: "CyrusDatabase", dependencies: ["CCyrusShim"], swiftSettings: librarySettings),
    .target(
      name: "CyrusMailboxes", dependencies: ["CCyrusShim", "CyrusDatabase"], swiftSettings: librarySettings),
    .target(
      name: "CyrusSync", dependencies: ["CCyrusShim", "CyrusDatabase", "CyrusMailboxes"],
      swiftSettings: librarySettings),
    .target(
      name: "CyrusFleet", dependencies: ["CyrusDatabase", "CyrusMailboxes", "CyrusSync"],
      swiftSettings: librarySettings),
    // No product: what makes files is not for the libraries, which know no Foundation.
    .target(
      name: "CyrusFleetTemplates",
      dependencies: ["CyrusFleet", .product(name: "Mustache", package: "swift-mustache")], swiftSettings: settings),
    .executableTarget(
      name: "dbinspect",
      dependencies: [
        "CCyrusShim", "CyrusDatabase", "CyrusMailboxes", "CyrusSync", "CyrusFleet", "CyrusFleetTemplates",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "FirstLook", dependencies: ["CyrusDatabase"], path: "Examples/FirstLook", swiftSettings: testSettings),
    .executableTarget(
      name: "ReplicaLook", dependencies: ["CyrusDatabase", "CyrusSync"], path: "Examples/ReplicaLook",
      swiftSettings: testSettings),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: testSettings),
    .executableTarget(
      name: "twoskip-generate", dependencies: ["TestSupport"], path: "Tests/Generate", swiftSettings: testSettings),
    .executableTarget(
      name: "twoskip-hammer", dependencies: ["CyrusDatabase"], path: "Tests/Hammer", swiftSettings: testSettings),
    .executableTarget(
      name: "twoskip-costs", dependencies: ["CyrusDatabase", "CyrusMailboxes", "CyrusSync"], path: "Tests/Costs",
      exclude: ["instructions"], swiftSettings: testSettings),
    .testTarget(
      name: "CyrusLiveTests",
      dependencies: ["dbinspect", "CyrusFleet", "CyrusSync", "CyrusMailboxes", "CyrusDatabase", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "CyrusDatabaseTests", dependencies: ["CyrusDatabase", "CCyrusShim", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "CyrusMailboxesTests", dependencies: ["CyrusMailboxes", "CyrusDatabase", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "CyrusSyncTests", dependencies: ["CyrusSync", "CyrusMailboxes", "CyrusDatabase", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "CyrusFleetTests",
      dependencies: [
        "CyrusFleet", "CyrusFleetTemplates", "CyrusSync", "CyrusMailboxes", "CyrusDatabase", "TestSupport",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "CyrusCostTests", dependencies: ["CyrusDatabase", "TestSupport"], swiftSettings: testSettings),
    .testTarget(
      name: "DbinspectTests", dependencies: ["dbinspect", "TestSupport"], swiftSettings: testSettings),
  ]
)
