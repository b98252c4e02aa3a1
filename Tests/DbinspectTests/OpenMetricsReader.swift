// A strict reader of OpenMetrics text, written after the specification and sharing nothing with the writer.
//
// It takes less than the specification allows: gauges without timestamps and exemplars are all that is written.

import Foundation

/// A text with metrics.
struct OpenMetricsReader {
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  struct Family {
    var type: String?
    var unit: String?
    var help: String?
    var samples: [[String: String]: Int] = [:]
  }

  private(set) var families: [String: Family] = [:]
  private var current: String?

  /// The value with exactly these labels.
  func value(_ name: String, _ labels: [String: String] = [:]) -> Int? { families[name]?.samples[labels] }

  init(_ text: String) throws {
    guard text.hasSuffix("\n") else { throw Problem(description: "the last line has no end") }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    guard lines.popLast() == "# EOF" else { throw Problem(description: "the last line is not # EOF") }
    for line in lines {
      do { try read(String(line)) } catch { throw Problem(description: "\(error): \(line)") }
    }
    for (name, family) in families {
      guard family.type == "gauge" else { throw Problem(description: "\(name) has no type") }
      guard family.help != nil, !family.samples.isEmpty else { throw Problem(description: "\(name) lacks something") }
      let names = Set(family.samples.keys.map { Set($0.keys) })
      guard names.count == 1 else { throw Problem(description: "\(name) has values with different labels") }
      for unit in ["bytes", "seconds"] where name.hasSuffix("_" + unit) != (family.unit == unit) {
        throw Problem(description: "\(name) has another unit than its name says")
      }
    }
  }

  private mutating func read(_ line: String) throws {
    if line.hasPrefix("#") {
      let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 4, parts[0] == "#" else { throw Problem(description: "no description") }
      try enter(parts[2])
      guard families[parts[2]]?.samples.isEmpty == true else { throw Problem(description: "it comes behind a value") }
      let text = parts[3]
      switch parts[1] {
      case "TYPE" where families[parts[2]]?.type == nil: families[parts[2]]?.type = text
      case "UNIT" where families[parts[2]]?.unit == nil: families[parts[2]]?.unit = text
      case "HELP" where families[parts[2]]?.help == nil:
        guard let help = try Self.unescaped(Substring(text)) else { throw Problem(description: "a bare quote") }
        families[parts[2]]?.help = help
      default: throw Problem(description: "unknown, or given twice")
      }
      return
    }
    guard let match = line.wholeMatch(of: /([a-z_][a-z0-9_]*)(?:\{(.*)\})? (-?[0-9]+)/), let value = Int(match.3) else {
      throw Problem(description: "no value")
    }
    let name = String(match.1)
    guard name == current else { throw Problem(description: "it is not where its description is") }
    let labels = try match.2.map(Self.labels) ?? [:]
    guard families[name]?.samples.updateValue(value, forKey: labels) == nil else {
      throw Problem(description: "the labels come twice")
    }
  }

  /// Begins a family, or goes on with it.
  private mutating func enter(_ name: String) throws {
    guard name.wholeMatch(of: /[a-z_][a-z0-9_]*/) != nil else { throw Problem(description: "no name") }
    if current == name { return }
    guard families[name] == nil else { throw Problem(description: "the family is torn apart") }
    families[name] = Family()
    current = name
  }

  private static func labels(_ text: Substring) throws -> [String: String] {
    var labels: [String: String] = [:]
    var rest = text
    while true {
      guard let start = rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="/), !start.1.hasPrefix("__") else {
        throw Problem(description: "no label")
      }
      rest = rest[start.range.upperBound...]
      guard let end = rest.prefixMatch(of: /(?:[^"\\]|\\.)*"/) else { throw Problem(description: "no end of a label") }
      guard let value = try unescaped(rest[end.range].dropLast()) else { throw Problem(description: "a bare quote") }
      guard labels.updateValue(value, forKey: String(start.1)) == nil else {
        throw Problem(description: "a label twice")
      }
      rest = rest[end.range.upperBound...]
      if rest.isEmpty { return labels }
      guard rest.first == "," else { throw Problem(description: "no comma") }
      rest = rest.dropFirst()
    }
  }

  /// Undoes escapes; nil if there is a quote without one.
  private static func unescaped(_ text: Substring) throws -> String? {
    var result = ""
    var isEscape = false
    for character in text {
      if isEscape {
        switch character {
        case "\\", "\"": result.append(character)
        case "n": result.append("\n")
        default: throw Problem(description: "an unknown escape")
        }
        isEscape = false
      } else if character == "\\" {
        isEscape = true
      } else if character == "\"" {
        return nil
      } else {
        result.append(character)
      }
    }
    if isEscape { throw Problem(description: "half an escape") }
    return result
  }
}
