// The one line that a check of Nagios prints, and its exit status.
//
//   CYRUS SYNCLOG WARNING - 120 lines pending, oldest log changed 40 s ago | lines=120;100;1000;0 age=40s;;;0
//
// Icinga, Naemon, Shinken and others read the same. What stands behind the bar is for graphs.
//
// Facts: the development guidelines of the Monitoring Plugins, sections 2 "Plugin output" and 2.6 "Performance data".

/// What a check came to.
enum NagiosState: Int32, CaseIterable, Comparable {
  // In the order in which they outweigh each other.
  case ok = 0
  case warning = 1
  case unknown = 3
  case critical = 2

  /// As the line has it.
  var text: String {
    switch self {
    case .ok: "OK"
    case .warning: "WARNING"
    case .critical: "CRITICAL"
    case .unknown: "UNKNOWN"
    }
  }

  /// How the command ends.
  var status: ExitStatus {
    switch self {
    case .ok: .yes
    case .warning: .no
    case .critical: .broken
    case .unknown: .unknown
    }
  }

  /// Whether the first is outweighed by the second.
  static func < (left: NagiosState, right: NagiosState) -> Bool {
    let order = allCases
    return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
  }
}

/// From which number on something is wrong: above it, not at it.
struct Threshold: Sendable {
  var warning: Int?
  var critical: Int?

  /// What a number means.
  func state(_ value: Int) -> NagiosState {
    if let critical, value > critical { return .critical }
    if let warning, value > warning { return .warning }
    return .ok
  }
}

/// The answer of a check.
struct NagiosAnswer {
  /// A number for graphs.
  struct Number {
    /// A word.
    let label: String
    let value: Int
    var unit = ""
    var threshold = Threshold()
  }

  var state: NagiosState
  /// What is to be said.
  var text: String
  var numbers: [Number] = []

  /// An answer that is as bad as its numbers make it, and at least as bad as `state`.
  init(_ state: NagiosState, _ text: String, _ numbers: [Number] = []) {
    self.state = numbers.reduce(state) { max($0, $1.threshold.state($1.value)) }
    self.text = text
    self.numbers = numbers
  }

  /// The line, without its end.
  ///
  /// - Parameter service: What is checked, for example `synclog`.
  func line(service: String) -> String {
    // The bar would end the text.
    let text = printable(text).replacing("|", with: "/")
    let line = "CYRUS \(service.uppercased()) \(state.text) - \(text)"
    guard !numbers.isEmpty else { return line }
    return line + " | " + numbers.map(\.text).joined(separator: " ")
  }
}

extension NagiosAnswer.Number {
  /// `label=value[unit];warning;critical;minimum`.
  fileprivate var text: String {
    func text(_ limit: Int?) -> String { limit.map { String($0) } ?? "" }
    return "\(label)=\(value)\(unit);\(text(threshold.warning));\(text(threshold.critical));0"
  }
}
