// Numbers with their units, as people read them.

import CyrusDatabase

/// An offset as it is written everywhere: `0x1d90 (7568)`.
func place(_ offset: UInt64) -> String { "\(hexadecimal(offset)) (\(offset))" }

/// A size, exactly and, if that is long, in round numbers: `470860408 bytes (449.0 MiB)`.
func size(_ byteCount: UInt64) -> String {
  let exact = counted(byteCount, "byte")
  return byteCount < 10_000 ? exact : "\(exact) (\(rounded(byteCount)))"
}

/// A size in round numbers: `449.0 MiB`.
func rounded(_ byteCount: UInt64) -> String {
  var value = Double(byteCount)
  var units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][...]
  while value >= 1024, units.count > 1 {
    value /= 1024
    units.removeFirst()
  }
  return units.count == 7 ? "\(byteCount) bytes" : "\(oneDecimal(value)) \(units.first ?? "")"
}

/// A part of a whole: `12.5 %`.
func percentage(_ part: UInt64, of whole: UInt64) -> String {
  whole == 0 ? "0.0 %" : oneDecimal(Double(part) * 100 / Double(whole)) + " %"
}

/// A number and what is counted, in the plural unless it is one: `1 record`, `2 records`.
func counted(_ count: some BinaryInteger, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

private func oneDecimal(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}

extension String {
  /// With spaces behind it up to a width.
  func padded(to width: Int) -> String { self + missing(to: width) }

  /// With spaces before it up to a width.
  func rightAligned(to width: Int) -> String { missing(to: width) + self }

  private func missing(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - unicodeScalars.count))
  }
}
