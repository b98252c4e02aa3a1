// Results as a picture: for each subject a bar for each rival, as long as it takes in our time, by powers of ten.

import Foundation
import Subjects

struct Chart {
  let results: Results

  private static let width = 860.0
  private static let labelWidth = 330.0
  private static let barHeight = 13.0
  /// What the axis reaches from and to.
  private static let least = 0.05
  private static let most = 200.0

  private static let colors = [
    "libcyrus": "#4878a8", "libcyrus, no checksums": "#86a8cc", "libcyrus, consistent": "#2f5578", "LMDB": "#c0792b",
    "SQLite": "#7a9a4e", "Berkeley DB": "#8d6aa8", Contestant.memory: "#9a9a9a",
  ]

  private func x(_ ratio: Double) -> Double {
    let place = log(min(max(ratio, Self.least), Self.most) / Self.least) / log(Self.most / Self.least)
    return Self.labelWidth + place * (Self.width - Self.labelWidth - 60)
  }

  var svg: String {
    var body: [String] = []
    var y = 52.0
    for subject in results.subjects {
      let rivals = subject.contestants.filter { $0.contestant != Contestant.own }
      if rivals.isEmpty { continue }
      body.append(text(subject.subject, 8, y + 10, weight: "bold"))
      for rival in rivals {
        body.append(text(rival.contestant, Self.labelWidth - 8, y + 10, anchor: "end"))
        let (start, end) = (min(x(1), x(rival.ratio)), max(x(1), x(rival.ratio)))
        let color = Self.colors[rival.contestant] ?? "#4878a8"
        body.append(
          "<rect x=\"\(start.short)\" y=\"\(y.short)\" width=\"\((end - start).short)\" "
            + "height=\"\((Self.barHeight - 2).short)\" fill=\"\(color)\"/>")
        body.append(text("\(rival.ratio.short) ×", end + 4, y + 10))
        y += Self.barHeight
      }
      y += 8
    }
    let axis = [0.1, 1, 10, 100].flatMap { power in
      let place = x(power).short
      let color = power == 1 ? "#333333" : "#dddddd"
      return [
        "<line x1=\"\(place)\" y1=\"44\" x2=\"\(place)\" y2=\"\(y.short)\" stroke=\"\(color)\"/>",
        text(
          power == 1 ? "cyrus-inspect = 1" : "\(power < 1 ? "0.1" : "\(Int(power))") ×", x(power), 38, anchor: "middle"),
      ]
    }
    let head =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Int(Self.width))\" height=\"\(Int(y + 8))\" "
      + "font-family=\"sans-serif\" font-size=\"11\">"
    let title = text("How many times as long rivals take; \(results.mailboxCount) mailboxes", 8, 18, weight: "bold")
    let ground = "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
    return ([head, ground, title] + axis + body + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  private func text(_ text: String, _ x: Double, _ y: Double, anchor: String = "start", weight: String = "normal")
    -> String
  {
    let escaped = text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    return "<text x=\"\(x.short)\" y=\"\(y.short)\" text-anchor=\"\(anchor)\" font-weight=\"\(weight)\" "
      + "fill=\"#222222\">\(escaped)</text>"
  }
}
