// Letters and digits as the layout counts them: those of ASCII alone.

enum ASCII {
  static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
  static func isLowercase(_ byte: UInt8) -> Bool { 0x61...0x7A ~= byte }
  static func isLetter(_ byte: UInt8) -> Bool { isLowercase(byte | 0x20) }
}
