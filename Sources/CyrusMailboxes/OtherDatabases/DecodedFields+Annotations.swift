// Annotations.
//
//   key      mailbox NUL entry NUL user NUL       annotations.db; the mailbox by name up to 3.4, by id from 3.6 on
//            uid NUL entry NUL user NUL           cyrus.annotations
//
//   value    length, big-endian                   4 bytes, in as many as a long of the machine has
//            the annotation, NUL; its type, NUL
//            time of change                       a long of the machine; 0 since 2.5
//            modseq u64be, flags u8               from 3.2 on; 1 means deleted
//
// Surprise: how wide the first field is depends on the machine, and nothing says which it was. What fits is right.

extension DecodedFields {
  mutating func readAnnotation(isOfMessage: Bool) {
    readAnnotationKey(isOfMessage: isOfMessage)
    readAnnotationValue()
  }

  private mutating func readAnnotationKey(isOfMessage: Bool) {
    let parts = key.split(separator: 0, omittingEmptySubsequences: false)
    // The last NUL is part of the key, so the last part is empty.
    let isWhole = parts.count == 4 && parts[3].isEmpty
    guard isWhole || parts.count == 2 || parts.count == 3 && parts[2].isEmpty else { return giveUpKey(.keySyntax) }
    if isOfMessage {
      addNumber("uid", parts[0].startIndex..<parts[0].endIndex, isInKey: true)
    } else {
      add("mailbox", parts[0])
    }
    add("entry", parts[1])
    if isWhole { add("user", parts[2]) } else { warn(.keyNoUser, allOfKey, isInKey: true) }
  }

  /// Where the parts of a value lie, if the machine that wrote it was of a kind.
  private struct AnnotationParts: Hashable {
    let text: Range<Int>
    let type: Range<Int>
    let time: Range<Int>
    let isBigEndian: Bool

    /// - Parameters:
    ///   - longByteCount: How many bytes a long has.
    ///   - isBigEndian: In which order it has them.
    init?(_ value: [UInt8], longByteCount: Int, isBigEndian: Bool) {
      guard value.count >= longByteCount else { return nil }
      // The length is written in its own order, into the first bytes of a long; or as a long by a big-endian machine.
      let lengthOffset = isBigEndian ? longByteCount - 4 : 0
      let length = value[lengthOffset..<lengthOffset + 4].reduce(0) { $0 << 8 | Int($1) }
      let padding = isBigEndian ? value[..<lengthOffset] : value[4..<longByteCount]
      guard padding.allSatisfy({ $0 == 0 }), length < value.count - longByteCount else { return nil }
      text = longByteCount..<longByteCount + length
      guard value[text.upperBound] == 0, let typeEnd = value[(text.upperBound + 1)...].firstIndex(of: 0) else {
        return nil
      }
      type = text.upperBound + 1..<typeEnd
      let rest = value.count - typeEnd - 1
      guard rest == longByteCount || rest == longByteCount + 9 else { return nil }
      time = typeEnd + 1..<typeEnd + 1 + longByteCount
      self.isBigEndian = isBigEndian
    }
  }

  private mutating func readAnnotationValue() {
    let fits = [
      AnnotationParts(value, longByteCount: 8, isBigEndian: false),
      AnnotationParts(value, longByteCount: 4, isBigEndian: false),
      AnnotationParts(value, longByteCount: 8, isBigEndian: true),
    ].compactMap { $0 }
    guard let parts = fits.first else { return giveUpValue(.valueSyntax) }
    if fits.contains(where: { $0.text != parts.text }) { warn(.valueAmbiguous, allOfValue) }
    add("value", value[parts.text])
    add("type", value[parts.type])
    add("modifiedsince", time(.number(parts.isBigEndian ? bigEndian(parts.time) : littleEndian(parts.time))))
    guard parts.time.upperBound < value.count else { return }
    let flags = value[value.count - 1]
    add("modseq", .number(bigEndian(parts.time.upperBound..<value.count - 1)))
    add("deleted", .flag(flags & 1 != 0))
    if flags & ~1 != 0 {
      warn(.valueBits, value.count - 1..<value.count)
      add("flags", .number(UInt64(flags)))
    }
  }
}
