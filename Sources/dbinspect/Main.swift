import ArgumentParser
@main struct DBInspect: ParsableCommand {}
