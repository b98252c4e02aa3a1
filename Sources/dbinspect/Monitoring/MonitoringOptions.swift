// What commands that a monitor runs have in common.

import ArgumentParser

/// How a monitor is told.
struct MonitoringOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Write measures as OpenMetrics text; replaces the file.", valueName: "file"),
    completion: .file())
  var metrics: String?

  @Option(
    help: ArgumentHelp("A label for each of them; may be given more than once.", valueName: "name=value"),
    transform: { text in
      guard let label = MetricLabel(argument: text) else {
        throw ValidationError("'\(text)' is no label: give a name of letters, digits and _, =, and a value")
      }
      return label
    })
  var metricsLabel: [MetricLabel] = []

  @Flag(help: "Print one line for Nagios instead, and end with 0, 1, 2 or 3.")
  var nagios = false

  func validate() throws {
    if metrics == nil, !metricsLabel.isEmpty { throw ValidationError("--metrics-label goes with --metrics") }
    if Set(metricsLabel.map(\.name)).count < metricsLabel.count {
      throw ValidationError("--metrics-label takes each name once")
    }
    if let metrics, isNameOfSyncLog(metrics) {
      // In a sync directory it would be taken for one.
      throw ValidationError("--metrics takes no file with the name of a sync log")
    }
  }

  /// Requires that options which only change the line are given with it.
  func requireNagios(_ names: [(name: String, threshold: Threshold)]) throws {
    for (name, threshold) in names {
      if !nagios, threshold.warning != nil || threshold.critical != nil {
        throw ValidationError("--warning-\(name) and --critical-\(name) go with --nagios")
      }
      if let warning = threshold.warning, let critical = threshold.critical, warning > critical {
        throw ValidationError("--warning-\(name) must not be above --critical-\(name)")
      }
      if threshold.warning ?? 0 < 0 || threshold.critical ?? 0 < 0 {
        throw ValidationError("--warning-\(name) and --critical-\(name) take numbers from 0 on")
      }
    }
  }
}

extension MetricLabel {
  /// Names of labels that values have of their own.
  private static let takenNames: Set = ["channel", "file", "problem", "status", "side", "verdict", "severity"]

  /// A label as it is given: `name=value`.
  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "=") else { return nil }
    let name = String(argument[..<equals])
    let letters = name.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0"..."9" ~= $0 || $0 == "_")
    }
    guard letters, let first = name.unicodeScalars.first, !("0"..."9" ~= first), !name.hasPrefix("__"),
      !Self.takenNames.contains(name)
    else { return nil }
    self.init(name: name, value: String(argument[argument.index(after: equals)...]))
  }
}
