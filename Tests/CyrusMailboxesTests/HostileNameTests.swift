// Names and paths that nobody would choose: nothing about them may contradict itself or the description.

import TestSupport
import Testing

@Suite struct HostileNameTests {
  @Test(arguments: Seed.some(5))
  func `nothing about a hostile name contradicts itself or the description`(_ seed: Seed) {
    var names = HostileNames(random: seed.generator(2))
    for _ in 0..<25 {
      for bytes in [names.name(), names.typed()] {
        #expect(NameExamination(bytes, other: names.name()).contradictionsOfName == [], "\(bytes)")
      }
    }
  }

  @Test(arguments: Seed.some(5))
  func `what a hostile path leads to has that path`(_ seed: Seed) {
    var names = HostileNames(random: seed.generator(4))
    for _ in 0..<50 {
      let path = names.path()
      #expect(NameExamination(path).contradictionsOfPath == [], "\(path)")
    }
  }
}
