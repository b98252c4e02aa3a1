// Every byte of small files spoiled, and every length of them: what is salvaged is right.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SalvageFlipTests {
  private func model(_ file: SmallFile) -> SalvageModel {
    let model = SalvageModel(file.bytes, Style(order: file.order == .raw ? .raw : .mbox, writesBlanks: true))
    #expect(model.pairs == file.pairs.inRawOrder)
    return model
  }

  @Test(arguments: SmallFile.smallest)
  func `whichever byte is wrong, at most one record is lost, and nothing wrong is certain`(_ file: SmallFile) throws {
    let model = model(file)
    for place in file.bytes.indices {
      for mask in file.masks {
        var bytes = file.bytes
        bytes[place] ^= mask
        let salvaged = try Salvaged(bytes)
        model.check(salvaged, bytes, "byte \(place), mask \(mask)")
        #expect(salvaged.records.count >= file.pairs.count - 1, "byte \(place), mask \(mask)")
        #expect(salvaged.isEndProven, "byte \(place), mask \(mask)")
      }
    }
  }

  @Test(arguments: SmallFile.smallest)
  func `however short a file is cut, what is certain is right`(_ file: SmallFile) throws {
    let model = model(file)
    for count in 0..<file.bytes.count {
      let bytes = Array(file.bytes.prefix(count))
      let salvaged = try Salvaged(bytes)
      // Of a file without a byte nothing says that it was anything but empty.
      if count > 0 { model.check(salvaged, bytes, "\(count) bytes") }
    }
  }
}
