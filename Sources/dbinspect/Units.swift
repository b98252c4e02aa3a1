// Numbers with their units, as people read them.

import CyrusDatabase
import Glibc

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
  var bytes: [UInt8] = []
  appendTimestamp(seconds, to: &bytes)
  return String(decoding: bytes, as: UTF8.self)
}

/// Appends what `timestamp` gives.
func appendTimestamp(_ seconds: Int64, to bytes: inout [UInt8]) {
  guard 0..<253_402_300_800 ~= seconds else { return bytes.append(contentsOf: "\(seconds)".utf8) }
  let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86400)
  // Years are counted from March, so that the day that some have more is their last; eras of 400 years are alike.
  let (era, dayOfEra) = (days + 719_468).quotientAndRemainder(dividingBy: 146_097)
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let monthFromMarch = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
  let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  let year = yearOfEra + 400 * era + (month <= 2 ? 1 : 0)
  func append(_ number: Int64, _ divisor: Int64, _ end: Unicode.Scalar) {
    var divisor = divisor
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
    bytes.append(UInt8(ascii: end))
  }
  append(year, 1000, "-")
  append(month, 10, "-")
  append(day, 10, "T")
  append(rest / 3600, 10, ":")
  append(rest / 60 % 60, 10, ":")
  append(rest % 60, 10, "Z")
}

/// The seconds since 1970 of a time as `timestamp` writes it; nil for other text, and for a day that there is not.
func seconds(ofTimestamp text: String) -> Int64? {
  let fields = text.split(omittingEmptySubsequences: false) { "-T:Z".contains($0) }.map { Int64($0) }
  guard text.utf8.count == 20, fields.count == 7, let year = fields[0], let month = fields[1], let day = fields[2],
    let hour = fields[3], let minute = fields[4], let second = fields[5], 1...12 ~= month
  else { return nil }
  let yearFromMarch = month <= 2 ? year - 1 : year
  let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
  let days = yearFromMarch * 365 + yearFromMarch / 4 - yearFromMarch / 100 + yearFromMarch / 400 + dayOfYear - 719_468
  let seconds = days * 86400 + hour * 3600 + minute * 60 + second
  // Whatever is no time, such as the 30th of February, does not read back the same.
  return timestamp(seconds) == text ? seconds : nil
}

/// What the clock says, in seconds since 1970.
func secondsNow() -> Int64 { Int64(Glibc.time(nil)) }

/// A time that has passed, in the largest unit that it has two of: `90 s`, `5 min`, `3 h`, `2 days`.
func duration(_ seconds: Int64) -> String {
  if seconds < 120 { return "\(seconds) s" }
  if seconds < 7200 { return "\(seconds / 60) min" }
  return seconds < 172_800 ? "\(seconds / 3600) h" : "\(seconds / 86_400) days"
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
