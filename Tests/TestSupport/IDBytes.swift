// What unique ids are made of.

/// Whether a byte can stand in a unique id: a letter, a digit or a hyphen.
public func isIDByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: false
  }
}
