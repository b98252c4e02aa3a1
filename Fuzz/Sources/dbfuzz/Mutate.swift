// Many files, each a sound one that was changed, each read in every way there is.

import Glibc
import TestSupport

@testable import CyrusDatabase

struct MutateOptions {
  var fileCount = 10_000
  var seed: UInt64 = 1
  var paths: [String] = []

  struct Unusable: Error, CustomStringConvertible {
    let description: String
  }

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--files", "--seed":
        guard let number = rest.popFirst().flatMap({ UInt64($0) }) else {
          throw Unusable(description: "\(argument) takes a number")
        }
        if argument == "--files" { fileCount = Int(clamping: number) } else { seed = number }
      default: paths.append(argument)
      }
    }
  }

  /// The sound files among the given ones, which are the ones that a change can be told from.
  func soundFiles() throws -> [[UInt8]] {
    let files = try paths.map { path in
      let file = try OpenFile(path: path)
      return try file.read(at: 0, count: Int(file.openingFacts.byteCount))
    }
    let sound = files.filter { !isVisiblyBroken($0) && report(on: $0).findings.isEmpty }
    if sound.isEmpty { throw Unusable(description: "no sound file is given") }
    return sound
  }
}

/// Reads as many mutated files as asked for; ends the process at the first contradiction, with the file in `dbfuzz.db`.
func mutate(_ arguments: [String]) throws {
  let options = try MutateOptions(arguments)
  let files = try options.soundFiles()
  // Most of the changes to small ones: they reach as much, and sooner.
  let small = files.filter { $0.count < 16384 }
  var counts: [Mutation: (files: Int, damaged: Int)] = [:]
  var slowest = Duration.zero
  for number in 0..<options.fileCount {
    // Each file has a seed of its own, so that one can be made again without the others.
    var random = SplitMix64(seed: SplitMix64.mix(options.seed << 32 &+ UInt64(number)))
    let group = small.isEmpty || random.chance(1, in: 200) ? files : small
    let original = group[random.below(group.count)]
    let mutation = Mutation.allCases[random.below(Mutation.allCases.count)]
    var bytes = original
    mutation.apply(to: &bytes, others: group, &random)
    let start = ContinuousClock.now
    var contradictions = Examination(bytes: bytes, keys: [[0x61]]).contradictions
    slowest = max(slowest, ContinuousClock.now - start)
    let isDamaged = report(on: bytes).verdict == .damaged
    if !isDamaged, mutation == .flipped || mutation == .cut { contradictions.append("\(mutation) and not reported") }
    if !isDamaged, bytes != original, isVisiblyBroken(bytes) {
      contradictions.append("a wrong checksum is not reported")
    }
    if !contradictions.isEmpty {
      keep(bytes)
      fail("seed \(options.seed), file \(number), \(mutation): \(contradictions.joined(separator: "\n"))")
    }
    counts[mutation, default: (0, 0)].files += 1
    if isDamaged { counts[mutation]?.damaged += 1 }
  }
  for mutation in Mutation.allCases {
    if let count = counts[mutation] { print("\(mutation): \(count.files) files, \(count.damaged) reported as damaged") }
  }
  var usage = rusage()
  getrusage(RUSAGE_SELF.rawValue, &usage)
  print("\(options.fileCount) files, seed \(options.seed): none wrong; the slowest \(slowest)")
  print("greatest memory of the process: \(usage.ru_maxrss / 1024) MiB")
}

private func keep(_ bytes: [UInt8]) {
  let file = creat("dbfuzz.db", 0o644)
  if file >= 0 { _ = write(file, bytes, bytes.count) }
}
