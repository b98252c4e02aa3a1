// swift-tools-version: 6.2
import PackageDescription

// Built by Scripts/fuzz, which adds what it takes to fuzz: coverage, a sanitizer, access to what is not public.

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "cyrus-inspect", path: "..")],
  targets: [
    // Both directories of shared sources are links into Tests.
    .target(name: "TestSupport", swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    .target(name: "CLibFuzzer"),
    .executableTarget(
      name: "dbfuzz",
      dependencies: [
        "CLibFuzzer", "TestSupport", .product(name: "CyrusDatabase", package: "cyrus-inspect"),
        .product(name: "CyrusMailboxes", package: "cyrus-inspect"),
        .product(name: "CyrusSync", package: "cyrus-inspect"),
        .product(name: "CyrusFleet", package: "cyrus-inspect"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
  ]
)
