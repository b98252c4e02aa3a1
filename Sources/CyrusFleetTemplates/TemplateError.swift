// What can be wrong with a template.

/// Why a template cannot be used, and where.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The template: its path within the folder of templates.
  public let template: String
  /// Which line, counted from 1; 0 if it is about the template's name.
  public let line: Int
  /// At which byte of the line or of the name, counted from 1.
  public let column: Int
  /// What is wrong, for people.
  public let message: String

  /// An error at a place; see the properties.
  public init(template: String, line: Int, column: Int, message: String) {
    self.template = template
    self.line = line
    self.column = column
    self.message = message
  }

  /// For example `line 3, column 12: no value is called 'syncPrt'`.
  public var description: String {
    (line > 0 ? "line \(line), column \(column): " : "name, column \(column): ") + message
  }
}
