// The files of a folder of templates.

import CyrusDatabase
import CyrusFleetTemplates
import Glibc

enum TemplateFolder {
  /// How deep folders are gone into: a link can lead back up.
  private static let depthMax = 16

  /// All templates of a folder, with their paths in it. What begins with a point, and what is no template, is left out.
  ///
  /// - Throws: `Failure` if there are none, or one cannot be read.
  static func templates(in folder: String) throws -> [TemplateSource] {
    var found: [TemplateSource] = []
    try add(folder, "", depth: 0, &found)
    if found.isEmpty {
      throw Failure(
        .noInput, file: folder, "has no template: expected files whose names end in \(TemplateSource.suffix)")
    }
    return found
  }

  private static func add(_ folder: String, _ path: String, depth: Int, _ found: inout [TemplateSource]) throws {
    for name in try Directory.names(in: path.isEmpty ? folder : folder + "/" + path).sorted() {
      if name.hasPrefix(".") { continue }
      let inner = path.isEmpty ? name : path + "/" + name
      if isKind(S_IFDIR, folder + "/" + inner) {
        guard depth < depthMax else { throw Failure(.usage, file: folder, "has folders more than \(depthMax) deep") }
        try add(folder, inner, depth: depth + 1, &found)
      } else if name.hasSuffix(TemplateSource.suffix) {
        // A pipe would be waited for without an end.
        guard isKind(S_IFREG, folder + "/" + inner) else {
          throw Failure(.noInput, file: folder + "/" + inner, "is no regular file")
        }
        found.append(TemplateSource(path: inner, bytes: try wholeFile(folder + "/" + inner)))
      }
    }
  }

  private static func isKind(_ kind: mode_t, _ path: String) -> Bool {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 && facts.st_mode & S_IFMT == kind
  }
}
