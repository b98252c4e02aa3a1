// Modified UTF-7, against the description and an encoder that is slow and obvious.

import Testing

@testable import CyrusMailboxes

@Suite struct ModifiedUTF7Tests {
  @Test(arguments: [
    ("Entw&APw-rfe", "Entw\u{FC}rfe"), ("&ZeVnLIqe-", "\u{65E5}\u{672C}\u{8A9E}"), ("amp&-ersand", "amp&ersand"),
    ("", ""), ("&-", "&"), ("&-&-", "&&"), ("&AOk-&-&AOk-", "\u{E9}&\u{E9}"), ("&2D3eAA-", "\u{1F600}"),
    ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\u{53F0}\u{5317}/\u{65E5}\u{672C}\u{8A9E}"),
    ("&AAEAfw-", "\u{1}\u{7F}"),
  ])
  func `decodes and encodes`(_ stored: String, _ shown: String) {
    #expect(ModifiedUTF7.decode(utf8(stored)) == shown)
    #expect(ModifiedUTF7.encode(shown) == utf8(stored))
  }

  @Test(arguments: [
    "&", "a&b", "&AOk", "&A-", "&AO-", "&AOl-", "&AOkA-", "&AOkAA-", "&AGE-", "&ACY-", "&AOk-&AOk-", "&AOk=-", "&AO/-",
    "&2D0-", "&3gA-", "&2D3YPQ-", "&2D0AYQ-", "&AOk&-", "&AOk -", "\u{E4}", "\u{1}", "\u{7F}", "a\u{0}",
  ])
  func `refuses what is not the only spelling of a text`(_ stored: String) {
    #expect(ModifiedUTF7.decode(utf8(stored)) == nil)
  }

  @Test(arguments: Seed.some(5))
  func `texts encode as bit by bit, and decode to themselves`(_ seed: Seed) {
    var random = seed.generator(3)
    for _ in 0..<200 {
      var text = ""
      for _ in 0..<random.below(12) {
        let limit: UInt32 = [0x80, 0x100, 0x3000, 0x11_0000][random.below(4)]
        guard let scalar = Unicode.Scalar(UInt32(random.below(Int(limit)))) else { continue }
        text.unicodeScalars.append(scalar)
      }
      let encoded = ModifiedUTF7.encode(text)
      #expect(encoded == naiveEncoding(of: text), "\(text.unicodeScalars.map(\.value))")
      let decoded = ModifiedUTF7.decode(encoded)
      #expect(decoded?.unicodeScalars.map(\.value) == text.unicodeScalars.map(\.value))
      #expect(encoded.allSatisfy { 0x20..<0x7F ~= $0 })
    }
  }

  /// Digits and zeros as text, six at a time.
  private func naiveEncoding(of text: String) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,")
    var result = ""
    var bits = ""
    func flush() {
      if bits.isEmpty { return }
      while bits.count % 6 != 0 { bits += "0" }
      result += "&"
      while !bits.isEmpty {
        result.append(digits[Int(bits.prefix(6), radix: 2) ?? 0])
        bits.removeFirst(6)
      }
      result += "-"
    }
    for scalar in text.unicodeScalars {
      if 0x20..<0x7F ~= scalar.value {
        flush()
        result += scalar == "&" ? "&-" : String(scalar)
      } else {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 2)
          bits += String(repeating: "0", count: 16 - digits.count) + digits
        }
      }
    }
    flush()
    return utf8(result)
  }
}
