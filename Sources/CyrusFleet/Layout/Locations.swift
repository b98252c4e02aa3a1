// Where sites are: which data centre the letters of a prefix stand for, and how its hosts are called.
//
// Facts: Docs/Formats/fleet-layout.md, section 3.

/// A site, as the letters of prefixes name it.
public struct Site: Sendable, Hashable {
  /// The letters, which end in `i`.
  public var letters: String
  /// What the names of its hosts start with.
  public var hostStem: String
  /// The code of its data centre, as lines of stores have it.
  public var code: String
  /// The name of its data centre, for people.
  public var place: String

  /// A site with these names.
  public init(letters: String, hostStem: String, code: String, place: String) {
    self.letters = letters
    self.hostStem = hostStem
    self.code = code
    self.place = place
  }
}

/// Which site is where.
public struct Locations: Sendable, Hashable {
  /// All sites that are known.
  public private(set) var sites: [Site]
  private var places: [String: Int] = [:]

  /// A table of sites; of two with the same letters the first one counts.
  public init(_ sites: [Site]) {
    self.sites = sites
    for (place, site) in sites.enumerated() where places[site.letters] == nil { places[site.letters] = place }
  }

  /// The three sites that the layout's description knows: New York, Iceland, Amsterdam.
  public static let standard = Locations([
    Site(letters: "i", hostStem: "imap", code: "n", place: "New York"),
    Site(letters: "ti", hostStem: "timap", code: "i", place: "Iceland"),
    Site(letters: "si", hostStem: "simap", code: "a", place: "Amsterdam"),
  ])

  /// The site that letters of a prefix stand for. One that is not in the table is a data centre of its own, with its
  /// letters for a code; its hosts are called by them, with `imap` for the `i` at the end.
  public subscript(letters: String) -> Site {
    if let place = places[letters] { return sites[place] }
    return Site(letters: letters, hostStem: letters.dropLast() + "imap", code: letters, place: letters)
  }

  /// Reads a table: a line for each site, of its letters, the stem of its hosts, its code, and the name of its place,
  /// which may have blanks. `#` starts a comment.
  ///
  /// - Throws: ``LocationsError``, for the first line that is something else, and for letters that come twice.
  public init(parsing text: String) throws(LocationsError) {
    var sites: [Site] = []
    // CR LF is one character, which is no line feed.
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Substring.init)
    for (index, line) in lines.enumerated() {
      let fields = line.prefix { $0 != "#" }.split(maxSplits: 3) { $0 == " " || $0 == "\t" || $0 == "\r" }
      if fields.isEmpty { continue }
      let isSite = fields.first.map { $0.utf8.allSatisfy { ASCII.isLowercase($0) } && $0.utf8.last == 0x69 } ?? false
      guard fields.count == 4, isSite else { throw LocationsError(line: index + 1, problem: .noSite) }
      if sites.contains(where: { $0.letters == fields[0] }) { throw LocationsError(line: index + 1, problem: .twice) }
      var place = fields[3]
      while let last = place.unicodeScalars.last, " \t\r".unicodeScalars.contains(last) { place = place.dropLast() }
      sites.append(
        Site(
          letters: String(fields[0]), hostStem: String(fields[1]), code: String(fields[2]), place: String(place)))
    }
    self.init(sites)
  }
}

/// Why a text is no table of sites.
public struct LocationsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What can be wrong with a line.
  public enum Problem: String, Sendable, Hashable {
    case noSite = "expected letters that end in i, the stem of its hosts, a code and a place"
    case twice = "its letters were given before"
  }

  /// Which line, counted from 1.
  public let line: Int
  /// What is wrong with it.
  public let problem: Problem

  /// For example `line 3: its letters were given before`.
  public var description: String { "line \(line): \(problem.rawValue)" }
}
