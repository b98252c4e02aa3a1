// A file that is made takes its name when it is whole, and leaves nothing behind if it never is.

import Foundation
import Testing

@testable import CyrusDatabase

@Suite struct NewFileTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path("new.db") }

  init() throws { folder = try TemporaryFolder() }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
  }

  @Test func `a file that is under way has no name, so that not even a kill leaves it behind`() throws {
    do {
      let file = try NewFile(path: path, isReplacing: false, inputs: [])
      try file.write(utf8("half").span, at: 0)
      #expect(try names() == [])
    }
    #expect(try names() == [])
  }

  @Test(arguments: [false, true])
  func `a file that is published has its name, its bytes and nobody else's eyes`(_ isReplacing: Bool) throws {
    if isReplacing { try Data("old".utf8).write(to: URL(filePath: path)) }
    var file = try NewFile(path: path, isReplacing: isReplacing, inputs: [])
    try file.write(utf8("whole").span, at: 0)
    try file.publish()
    #expect(try names() == ["new.db"])
    #expect(try Data(contentsOf: URL(filePath: path)) == Data("whole".utf8))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func `a name that was taken meanwhile is not replaced unasked`() throws {
    var file = try NewFile(path: path, isReplacing: false, inputs: [])
    try Data("other".utf8).write(to: URL(filePath: path))
    #expect(throws: DatabaseError.output(path: path, .exists)) { try file.publish() }
    #expect(try Data(contentsOf: URL(filePath: path)) == Data("other".utf8))
    #expect(try names() == ["new.db"])
  }
}
