// Figures for the documentation. Tests themselves say nothing.

import Foundation

enum Figures {
  private static let areWanted = ProcessInfo.processInfo.environment["FIGURES"] != nil

  /// Prints a line if FIGURES is set.
  static func show(_ line: @autoclosure () -> String) {
    if areWanted { print("figures:", line()) }
  }
}
