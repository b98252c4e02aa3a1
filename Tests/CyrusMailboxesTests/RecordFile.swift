// Lists of records with what they mean, as other programs than ours found it. See Tests/Fixtures/README.md.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import Testing

/// A record, and what a list says about it.
struct ListedRecord: @unchecked Sendable, CustomTestStringConvertible {
  let key: [UInt8]
  let value: [UInt8]
  /// All that the list says. Never changed, so it can be shared.
  let facts: [String: Any]

  init?(_ facts: [String: Any]) {
    guard let key = bytes(ofHexadecimal: facts["keyHex"]) else { return nil }
    self.key = key
    self.facts = facts
    if let recipe = facts["valueRecipe"] as? String {
      // The only one: parentheses, too many to list.
      guard recipe == #""%(T e Z " then 5000 "(" then 5000 ")" then ")""# else { return nil }
      let nested = String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000)
      value = Array("%(T e Z \(nested))".utf8)
    } else {
      guard let value = bytes(ofHexadecimal: facts["valueHex"]) else { return nil }
      self.value = value
    }
  }

  var testDescription: String { facts["id"] as? String ?? String(decoding: key, as: UTF8.self) }

  func text(_ name: String) -> String? { facts[name] as? String }
}

/// A file of Tests/Fixtures/mailboxes and the list of its records.
struct RecordFile: Sendable, CustomTestStringConvertible {
  let name: String
  let form: MailboxKey.Form

  var testDescription: String { name }
  var path: String { RecordFile.folder.appending(path: "\(name).db").path }

  /// What the file holds; none if the list is missing, which no test passes.
  var records: [ListedRecord] {
    let list = RecordFile.json("\(name).json") as? [String: Any]
    return (list?["records"] as? [[String: Any]] ?? []).compactMap(ListedRecord.init)
  }

  static let all = [
    RecordFile(name: "gen1-text-2.2-to-2.4", form: .plain), RecordFile(name: "gen2-exttext-2.5pre", form: .plain),
    RecordFile(name: "gen3-dlist-2.5", form: .plain), RecordFile(name: "gen3-dlist-2.5-mboxsort", form: .plain),
    RecordFile(name: "gen4-dlist-3.0", form: .plain), RecordFile(name: "gen5-dlist-3.4", form: .plain),
    RecordFile(name: "mailboxes", form: .prefixed), RecordFile(name: "gen7-dlist-3.13dev", form: .prefixed),
  ]

  /// Records that no Cyrus writes.
  static let malformed: [ListedRecord] = (json("malformed.json") as? [[String: Any]] ?? [])
    .compactMap(ListedRecord.init)

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures/mailboxes").standardized

  private static func json(_ name: String) -> Any? {
    guard let data = try? Data(contentsOf: folder.appending(path: name)) else { return nil }
    return try? JSONSerialization.jsonObject(with: data)
  }
}

/// The bytes that hexadecimal digits stand for; nil if it is something else.
func bytes(ofHexadecimal digits: Any?) -> [UInt8]? {
  guard var rest = (digits as? String)?.utf8[...], rest.count.isMultiple(of: 2) else { return nil }
  var bytes: [UInt8] = []
  while !rest.isEmpty {
    guard let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
    bytes.append(byte)
    rest = rest.dropFirst(2)
  }
  return bytes
}

extension ListedFields {
  /// What a list says.
  init(_ record: [String: Any]) {
    self.init()
    for (name, value) in record {
      switch (name, value) {
      // Both say the same as the bytes of a name, which is all that is decoded here.
      case ("name", _), ("owner", _): continue
      case ("mbtype", let type as [String: Any]):
        lines["kind"] = type["kind"] as? String
        lines["flags"] = (type["flags"] as? [String])?.sorted().joined(separator: ",")
        if let raw = type["raw"] as? String { lines["type"] = raw }
        if let number = type["number"] as? Int { lines["type"] = String(number) }
      case ("acl", let pairs as [[String]]): lines[name] = "\(pairs)"
      case ("history", let items as [[String: Any]]): lines[name] = "\(items.map(ListedFields.init))"
      case ("fieldOrder", let letters as [String]): lines[name] = letters.joined()
      case (_, is NSNull): lines[name] = "NIL"
      default: lines[name] = "\(value)"
      }
    }
  }
}
