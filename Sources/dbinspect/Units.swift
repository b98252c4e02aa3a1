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
func counted(_ count: some BinaryInteger, _ what: String) -> String {
  let ending = count == 1 ? "" : what.hasSuffix("x") ? "es" : "s"
  return "\(count) \(what)\(ending)"
}

/// A time as people read it, with what is stored: `2024-01-01T00:00:06Z (1704067206)`; that alone beyond the year 9999.
func time(_ seconds: Int64) -> String {
  let text = timestamp(seconds)
  return text.hasSuffix("Z") ? "\(text) (\(seconds))" : text
}

/// A time as people read it, alone: `2024-01-01T00:00:06Z`; what is stored beyond the year 9999.
func timestamp(_ seconds: Int64) -> String {
  guard 0..<253_402_300_800 ~= seconds else { return "\(seconds)" }
  let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86400)
  // Years are counted from March, so that the day that some have more is their last; eras of 400 years are alike.
  let (era, dayOfEra) = (days + 719_468).quotientAndRemainder(dividingBy: 146_097)
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let monthFromMarch = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
  let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  let year = yearOfEra + 400 * era + (month <= 2 ? 1 : 0)
  func digits(_ number: Int64, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
  }
  let date = "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
  return "\(date)T\(digits(rest / 3600, 2)):\(digits(rest / 60 % 60, 2)):\(digits(rest % 60, 2))Z"
}

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
