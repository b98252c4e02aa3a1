// When output is coloured.

import ArgumentParser
import Glibc

/// When to colour output.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  /// On a terminal, unless `NO_COLOR` is set.
  case auto
  /// In any case.
  case always
  /// In no case.
  case never

  /// Whether text for this descriptor is coloured.
  func isOn(for descriptor: Int32) -> Bool {
    switch self {
    case .always: true
    case .never: false
    case .auto: isatty(descriptor) == 1 && !hasNoColor
    }
  }

  /// Whether `NO_COLOR` is set and not empty, see https://no-color.org.
  private var hasNoColor: Bool {
    guard let value = unsafe getenv("NO_COLOR") else { return false }
    // A C string of the environment, which nobody changes while we run.
    return unsafe value[0] != 0
  }
}
