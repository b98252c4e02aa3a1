# What a person types. `make` alone lists it.

SECONDS ?= 10
MAILBOXES ?= 1000000
BUILD = .build

.PHONY: help setup demo build test lint check threads instructions costs bench fuzz docs coverage clean

help:
	@echo 'make demo      set up, build, and look at a real mailboxes.db'
	@echo 'make test      set up everything the tests need, and run them'
	@echo 'make build     dbinspect, optimised: .build/release/dbinspect'
	@echo 'make setup     install the Debian packages that building and testing need'
	@echo 'make lint      check the form of the sources'
	@echo 'make check     lint, tests, documentation, threads, instructions, costs and ten seconds of fuzzing each: what must'
	@echo '               pass before a change lands'
	@echo 'make threads   the tests with many threads, under the thread sanitizer'
	@echo 'make instructions  count those of core operations, and compare them with what is kept'
	@echo 'make costs     count allocations, memory, pages and system calls of core operations'
	@echo 'make bench     time the libraries and dbinspect against their rivals, on files of MAILBOXES=$(MAILBOXES)'
	@echo 'make fuzz      feed the parsers with mutated files, SECONDS=$(SECONDS) for each target'
	@echo 'make docs      the documentation of the libraries, as web pages'
	@echo 'make coverage  which lines the tests reach'

setup:
	@Scripts/setup build test

demo:
	@Scripts/setup build
	@Scripts/demo

build:
	@Scripts/setup build
	Scripts/build

# The tests run the built dbinspect and, as judges, the tools of Debian's Cyrus: without them they fail.
test:
	@Scripts/setup build test
	@Scripts/compare smoke
	REQUIRE_CYRUS=1 swift test

lint:
	swift format lint --strict --parallel --recursive Package.swift Sources Tests Examples Fuzz/Package.swift Fuzz/Sources \
	  Benchmarks/Package.swift Benchmarks/Sources Benchmarks/Benchmarks

# What is built here has no warnings: they are errors.
check: lint test docs threads instructions costs fuzz

# Many threads at once under the thread sanitizer.
threads:
	swift test --sanitize thread --scratch-path .build-threads \
	  --filter 'ConcurrencyTests|ThreadsTests|PartsTests|WalkedReportTests|MailboxWriterTests'

# What operations cost, counted: no clock is asked.
instructions:
	@Scripts/setup build check
	@Scripts/instructions

fuzz:
	@Scripts/setup build
	@Scripts/fuzz $(SECONDS)

# The same as among the tests, and more: of an optimised program.
costs:
	@Scripts/setup build test
	@Scripts/costs

bench:
	@Scripts/setup build test bench
	@MAILBOXES=$(MAILBOXES) Scripts/compare run
	@MAILBOXES=$(MAILBOXES) Scripts/bench-diff

docs:
	@Scripts/docs

coverage:
	@Scripts/setup build test
	@Scripts/coverage

clean:
	swift package clean
