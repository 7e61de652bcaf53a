# Every target sets up what it needs first; when all is there, that takes milliseconds.
PYTHON ?= python3
FIREDRILL := .venv/bin/firedrill
# Bytecode is kept, whatever the shell says: every target starts many processes of the same code.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup packages up down status drill prove preview policies drift refresh destroy test test-all quick \
	other-languages faults lint types lock bench web

setup:
	@$(PYTHON) -m firedrill.bootstrap

# Proving alerts needs Python packages only: no Pulumi, no sandbox.
packages:
	@$(PYTHON) -m firedrill.bootstrap --without-cli

prove: packages
	@$(FIREDRILL) prove

up down status drill preview policies drift refresh destroy: setup
	@$(FIREDRILL) $@

lint: setup
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/vulture

types: setup
	@.venv/bin/mypy

test: lint types
	@.venv/bin/pytest -n 3 -m "not slow"

# Lint, types and the fast tests beside what changed since main; `make test` before a pull request.
quick: lint types
	@.venv/bin/pytest -q -n 2 -m "not slow" $$(.venv/bin/python -m tests.quick)

# Programs in Go and TypeScript that the policy pack is tried on; a language that is not here is skipped by its test.
LANGUAGES := tests/integration/policies/languages
other-languages:
	@if command -v go >/dev/null; then cd $(LANGUAGES)/go && go build -o build/monitors .; fi
	@if command -v npm >/dev/null; then cd $(LANGUAGES)/typescript && npm ci --no-audit --no-fund && npm run build; fi

test-all: lint types other-languages
	@.venv/bin/pytest -n 3

# What must be true while something around the service is broken: minutes. Writes docs/faults.md.
faults: setup
	@.venv/bin/python -m tests.faults

bench: setup
	@.venv/bin/python -m benchmarks.sdk_import
	@.venv/bin/python -m benchmarks.bare_resources
	@.venv/bin/python -m benchmarks.evaluator
	@.venv/bin/python -m benchmarks.evaluator_scale
	@.venv/bin/python -m benchmarks.chat

# Builds the pages in web/ into the packages that serve them; only who changes them needs Node.js.
web:
	cd web && npm ci --no-audit --no-fund && npm run build

# Resolves the *.in files again; needs uv on PATH.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.txt service/requirements.in -o service/requirements.txt
