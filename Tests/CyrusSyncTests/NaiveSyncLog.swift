// A second reader of sync logs, and what must hold of the first.
//
// Shares no code with the library. It is written like Cyrus's own: it takes byte after byte from a stream, and copies.

import CyrusSync

/// Reads a log as a stream, line after line.
struct NaiveSyncLog {
  /// Words and arguments of a line that is acted on; the word comes first, in capitals.
  typealias Line = (number: Int, parts: [[UInt8]])

  /// How the reading ended.
  enum End: Equatable { case whole, torn, poison, tooLong }

  private struct Stop: Error { let end: End }

  private(set) var lines: [Line] = []
  /// Numbers of the lines that are dropped with a message about what follows the word, or about the end.
  private(set) var invalid: [Int] = [], garbage: [Int] = []
  /// Numbers of the lines that are a word alone.
  private(set) var lone: [Int] = []
  private(set) var end = End.whole
  /// The number of the line that the log ended in, if it did not end whole.
  private(set) var endNumber = 0

  private let bytes: [UInt8]
  private var next = 0
  private var number = 1

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    do { while next < bytes.count { try readLine() } } catch { end = (error as? Stop)?.end ?? .poison }
  }

  private mutating func get() throws -> Character {
    guard next < bytes.count else { throw Stop(end: .torn) }
    let byte = bytes[next]
    next += 1
    if byte == 10 { number += 1 }
    return Character(UnicodeScalar(byte))
  }

  private static func isDelimiter(_ character: Character) -> Bool {
    [" ", "\t", "\n", "\u{0B}", "\u{0C}", "\r", "(", ")", "\""].contains(character)
  }

  private mutating func readLine() throws {
    endNumber = number
    let start = number
    var (word, after) = try atom(try get())
    if after == "\r" { after = try get() }
    if after == "\n" {
      if !word.isEmpty { lone.append(start) }
      return
    }
    guard after == " " else {
      invalid.append(start)
      return skip(after)
    }
    var parts = [word.map { 97...122 ~= $0 ? $0 - 32 : $0 }]
    try parts.append(argument(&after))
    if after == " " { try parts.append(argument(&after)) }
    if after == "\r" { after = try get() }
    guard after == "\n" else {
      garbage.append(start)
      return skip(after)
    }
    lines.append((start, parts.map { Array($0.prefix { $0 != 0 }) }))
  }

  private mutating func skip(_ character: Character) {
    var character = character
    while character != "\n" {
      guard let following = try? get() else { return }
      character = following
    }
  }

  private mutating func atom(_ first: Character) throws -> ([UInt8], Character) {
    var atom: [UInt8] = []
    var character = first
    while !Self.isDelimiter(character) {
      atom.append(bytes[next - 1])
      if atom.count > 131_072 { throw Stop(end: .tooLong) }
      character = try get()
    }
    return (atom, character)
  }

  private mutating func argument(_ after: inout Character) throws -> [UInt8] {
    var string: [UInt8] = []
    let first = try get()
    switch first {
    case " ", "(", ")", "\r", "\n": throw Stop(end: .poison)
    case "\"":
      while true {
        let character = try get()
        if character == "\"" { break }
        if character == "\r" || character == "\n" { throw Stop(end: .poison) }
        if character == "\\" { _ = try get() }
        string.append(bytes[next - 1])
        if string.count > 131_072 { throw Stop(end: .tooLong) }
      }
      after = try get()
    case "{":
      var digits = ""
      var character = try get()
      while ("0"..."9").contains(character) {
        digits.append(character)
        if (Double(digits) ?? 0) > 2_147_483_647 { throw Stop(end: .poison) }
        character = try get()
      }
      guard !digits.isEmpty, character == "}" else { throw Stop(end: .poison) }
      guard try get() == "\r" else { throw Stop(end: .poison) }
      guard try get() == "\n" else { throw Stop(end: .poison) }
      for _ in 0..<(Int(digits) ?? 0) {
        _ = try get()
        string.append(bytes[next - 1])
      }
      after = try get()
    default: (string, after) = try atom(first)
    }
    return string
  }
}

/// What must hold of what the library makes of a log, whatever its bytes.
enum SyncLogExamination {
  /// What does not hold.
  static func contradictions(in bytes: [UInt8]) -> [String] {
    let log = SyncLog(label: "log", bytes: bytes)
    let naive = NaiveSyncLog(bytes)
    var texts: [String] = []
    func require(_ condition: Bool, _ text: @autoclosure () -> String) { if !condition { texts.append(text()) } }

    require(log.lines.map(\.number) == naive.lines.map(\.number), "other lines: \(log.lines.map(\.number))")
    for (line, expected) in zip(log.lines, naive.lines) {
      let parts = [log.word(of: line)] + [0, 1].compactMap { log.argument($0, of: line) }
      require(parts == expected.parts && line.argumentCount == parts.count - 1, "line \(line.number): \(parts)")
      let verb = SyncLogVerb.allCases.first { Array($0.rawValue.utf8) == parts[0] }
      require(line.verb == verb, "line \(line.number): \(parts[0]) is no \(String(describing: line.verb))")
      texts += writing(line, parts: parts)
    }
    for (line, following) in zip(log.lines, log.lines.dropFirst()) {
      require(line.bytes.upperBound < following.bytes.lowerBound, "lines overlap at \(following.bytes.lowerBound)")
    }

    func numbers(_ problem: SyncLogProblem) -> [Int] {
      log.diagnostics.filter { $0.problem == problem }.map(\.line)
    }
    func kept(_ numbers: [Int]) -> [Int] { Array(numbers.prefix(SyncLog.diagnosticCountMax)) }
    require(numbers(.invalidInput) == kept(naive.invalid), "\(numbers(.invalidInput))")
    require(numbers(.garbage) == kept(naive.garbage), "\(numbers(.garbage))")
    require(numbers(.wordOnly) == kept(naive.lone), "\(numbers(.wordOnly))")
    require(log.count(of: .garbage) == naive.garbage.count, "\(log.count(of: .garbage)) lines with garbage")
    let ends: [(SyncLogProblem, NaiveSyncLog.End)] = [(.torn, .torn), (.poison, .poison), (.wordTooLong, .tooLong)]
    for (problem, end) in ends {
      require(numbers(problem) == (naive.end == end ? [naive.endNumber] : []), "\(problem): \(numbers(problem))")
    }
    for diagnostic in log.diagnostics {
      require(0..<bytes.count ~= diagnostic.offset, "\(diagnostic) lies without")
    }
    require((log.tornByteCount > 0) == (naive.end == .torn), "torn: \(log.tornByteCount)")
    require(!log.invisibleBytes.isEmpty == [.poison, .tooLong].contains(naive.end), "invisible: \(log.invisibleBytes)")
    require((log.invisibleLineCount > 0) == !log.invisibleBytes.isEmpty, "invisible lines: \(log.invisibleLineCount)")
    require((log.lines.last?.bytes.upperBound ?? 0) <= log.invisibleBytes.lowerBound, "a line that cannot be seen")
    return texts
  }

  /// A line written anew must read the same.
  private static func writing(_ line: SyncLogLine, parts: [[UInt8]]) -> [String] {
    guard let verb = line.verb, verb.argumentCount == line.argumentCount else { return [] }
    guard !parts.joined().contains(where: { $0 == 10 || $0 == 13 }) else { return [] }
    var written: [UInt8] = []
    do { try SyncLogWriter.append(verb, parts[1], parts.dropFirst(2).first, to: &written) } catch {
      return error == .tooLong ? [] : ["\(error)"]
    }
    let log = SyncLog(label: "", bytes: written)
    let again = log.lines.map { line in [log.word(of: line)] + [0, 1].compactMap { log.argument($0, of: line) } }
    return again == [parts] && log.diagnostics.isEmpty ? [] : ["written: \(written)"]
  }
}
