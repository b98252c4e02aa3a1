// Measures as OpenMetrics text, which Prometheus and its like read.
//
//   # TYPE cyrus_synclog_age_seconds gauge
//   # UNIT cyrus_synclog_age_seconds seconds
//   # HELP cyrus_synclog_age_seconds Seconds since the log was last changed.
//   cyrus_synclog_age_seconds{channel="",file="log"} 12
//   # EOF
//
// Gauges alone, and whole numbers: so the older text format of Prometheus reads it as well.
//
// Facts: the OpenMetrics specification 1.0, section "Text format".

/// A label of a value.
struct MetricLabel: Hashable {
  let name: String
  let value: String
}

/// Something that is measured, with all its values.
struct Metric {
  /// What the numbers count, where the name says so.
  enum Unit: String {
    case bytes, seconds
  }

  /// One value.
  struct Sample {
    let labels: [MetricLabel]
    let value: Int
  }

  let name: String
  /// One sentence.
  let help: String
  /// No two have the same labels.
  var samples: [Sample] = []

  /// - Parameter name: Lower-case words with `_` between them; it ends in the unit if there is one.
  init(_ name: String, _ help: String) {
    self.name = name
    self.help = help
  }

  /// Something with one value alone.
  init(_ name: String, _ help: String, _ value: some BinaryInteger) {
    self.init(name, help)
    add(value)
  }

  /// Adds a value.
  mutating func add(_ value: some BinaryInteger, _ labels: KeyValuePairs<String, String> = [:]) {
    samples.append(
      Sample(labels: labels.map { MetricLabel(name: $0.key, value: $0.value) }, value: Int(clamping: value)))
  }

  fileprivate var unit: Unit? {
    if name.hasSuffix("_bytes") { return .bytes }
    return name.hasSuffix("_seconds") ? .seconds : nil
  }
}

extension Output {
  /// Writes a whole text, its end included.
  ///
  /// - Parameter labels: What every value has besides its own labels.
  mutating func append(_ metrics: [Metric], labels: [MetricLabel]) {
    for metric in metrics where !metric.samples.isEmpty {
      line("# TYPE \(metric.name) gauge")
      if let unit = metric.unit { line("# UNIT \(metric.name) \(unit.rawValue)") }
      line("# HELP \(metric.name) \(metricText(metric.help))")
      for sample in metric.samples {
        let texts = (labels + sample.labels).map { "\($0.name)=\"\(metricText($0.value))\"" }
        line(metric.name + (texts.isEmpty ? "" : "{\(texts.joined(separator: ","))}") + " \(sample.value)")
      }
    }
    line("# EOF")
  }
}

/// Text as it stands in a label or a help: three characters have a backslash before them.
func metricText(_ text: String) -> String {
  text.unicodeScalars.reduce(into: "") { result, character in
    switch character {
    case "\\": result += "\\\\"
    case "\"": result += "\\\""
    case "\n": result += "\\n"
    default: result.unicodeScalars.append(character)
    }
  }
}
