// Processes that a test starts, and ends by their pids.

import Foundation
import Glibc

/// A process that this one started. It leads a session of its own, so no signal of it or to it reaches anybody else.
final class Child: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let pid: pid_t
  /// Our end of the socket that is its standard input and output.
  private let socket: Int32

  // Not known to Swift's Glibc: it is an extension of GNU.
  private static let ownSession: Int16 = 0x80

  /// Starts a program. Its errors go where ours go.
  init(_ program: String, _ arguments: [String]) throws {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw Failure(description: "socketpair: \(String(cString: strerror(errno)))")
    }
    defer { close(ends[1]) }
    socket = ends[0]

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Threads of the testing library may have signals blocked, which a child would inherit.
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Self.ownSession | Int16(POSIX_SPAWN_SETSIGMASK))

    var argumentPointers = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in argumentPointers { free(pointer) } }
    var started: pid_t = 0
    let error = posix_spawn(&started, program, &actions, &attributes, &argumentPointers, environ)
    pid = started
    guard error == 0 else {
      close(socket)
      throw Failure(description: "\(program): \(String(cString: strerror(error)))")
    }
  }

  deinit { close(socket) }

  /// Runs a program to its end and gives its output; a failure if it does not exit with 0.
  static func run(_ program: String, _ arguments: [String], input: String = "") throws -> [UInt8] {
    let child = try Child(program, arguments)
    child.write(input)
    child.endInput()
    let output = child.readToEnd()
    let status = child.wait()
    guard status == 0 else {
      throw Failure(description: "\(program) \(arguments.joined(separator: " ")): exit status \(status)")
    }
    return output
  }

  func write(_ text: String) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let count = send(socket, Array(bytes[done...]), bytes.count - done, Int32(MSG_NOSIGNAL))
      if count <= 0 { return }
      done += count
    }
  }

  /// Ends its standard input.
  func endInput() { shutdown(socket, Int32(SHUT_WR)) }

  /// The next line of its output, without its end.
  func readLine() -> String {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(socket, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
    return String(decoding: line, as: UTF8.self)
  }

  /// The rest of its output.
  func readToEnd() -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(socket, &buffer, buffer.count)
      if count <= 0 { return bytes }
      bytes.append(contentsOf: buffer[..<count])
    }
  }

  func terminate() { kill(pid, SIGTERM) }

  /// Waits for its end: the exit status, or 128 and the signal that ended it.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
      if errno != EINTR { return -1 }
    }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }
}
