// Arguments that are not text.
//
// Swift would silently alter them, and then look for another key or file. So they are refused, with the way round that
// there is: it is another one for keys than for files.

import CyrusDatabase
import Glibc

/// The arguments as the system gave them.
enum RawArguments {
  /// What an argument is, as far as its place tells.
  enum Role {
    case file, key, unknown
  }

  /// Refuses arguments that are not UTF-8.
  static func requireText() throws(Failure) {
    var before: [String] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      // `argc` of them are C strings that live as long as the process.
      guard let argument = unsafe CommandLine.unsafeArgv[index] else { continue }
      if let text = unsafe String(validatingCString: argument) {
        before.append(text)
        continue
      }
      let bytes = unsafe Array(UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
      if isPathToLocate(bytes, behind: before) {
        before.append("")
        continue
      }
      throw failure(bytes, at: index, role(of: bytes, behind: before))
    }
  }

  /// What an argument that is not UTF-8 is, by what stands before it and by what files there are.
  static func role(of bytes: [UInt8], behind before: [String]) -> Role {
    if isFile(bytes) { return .file }
    let previous = before.last ?? ""
    if ["--prefix", "--start"].contains(previous) { return .key }
    if ["-o", "--output", "--report", "--metrics"].contains(previous) { return .file }
    if ["--prefix=", "--start="].contains(where: { bytes.starts(with: $0.utf8) }) { return .key }
    if ["--output=", "--report=", "--metrics="].contains(where: { bytes.starts(with: $0.utf8) }) { return .file }
    if bytes.first == UInt8(ascii: "-") || previous.hasPrefix("-") { return .unknown }
    // FILE comes first, then KEY.
    let hasKey = ["get", "history"].contains(before.first)
    return hasKey && before.dropFirst().contains(where: { isFile(Array($0.utf8)) }) ? .key : .file
  }

  /// Whether an argument is a path that `locate` takes apart, which it gets byte by byte.
  private static func isPathToLocate(_ bytes: [UInt8], behind before: [String]) -> Bool {
    guard before.first == "locate", bytes.first != UInt8(ascii: "-"), let previous = before.last else { return false }
    return !previous.hasPrefix("-") || previous == "--" || previous.contains("=") || Locate.flags.contains(previous)
  }

  /// The bytes of arguments that were parsed as text: of those that are none what the system gave, in the same order.
  static func bytes(of texts: [String]) -> [[UInt8]] {
    var raw: [String: [[UInt8]]] = [:]
    for index in 1..<max(1, Int(CommandLine.argc)) {
      // As above.
      guard let argument = unsafe CommandLine.unsafeArgv[index] else { continue }
      let bytes = unsafe Array(UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
      let text = String(decoding: bytes, as: UTF8.self)
      if !text.utf8.elementsEqual(bytes) { raw[text, default: []].append(bytes) }
    }
    return texts.map { text in
      guard let first = raw[text]?.first else { return Array(text.utf8) }
      raw[text]?.removeFirst()
      return first
    }
  }

  private static func isFile(_ bytes: [UInt8]) -> Bool {
    var facts = stat()
    // A C string, valid for the call.
    return unsafe lstat((bytes + [0]).map { CChar(bitPattern: $0) }, &facts) == 0
  }

  private static func failure(_ bytes: [UInt8], at index: Int, _ role: Role) -> Failure {
    let text = escaped(bytes.rawSpan)
    return switch role {
    case .file:
      Failure(
        .usage, "argument \(index), \(text), names a file, but is not UTF-8: such a file cannot be opened",
        hint: isFile(bytes)
          ? "give it by a link with another name: ln -s $'\(text.replacing("'", with: "\\'"))' link.db" : nil)
    case .key:
      Failure(
        .usage, "argument \(index), \(text), is a key that is not UTF-8",
        hint: "write it with --escaped: '\(text)', or give it on standard input with -")
    case .unknown: Failure(.usage, "argument \(index), \(text), is not UTF-8")
    }
  }
}
