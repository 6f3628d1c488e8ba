# Everything is set up on the way: a virtual environment in .venv, packages from the index.
PYTHON ?= python3
BIN := .venv/bin
# tests wait for clocks, servers and kills; each worker takes five seconds to start
WORKERS = $(shell $(PYTHON) -c 'import os; print(max(4, 2 * os.cpu_count()))')
# what Python compiled is kept, whatever a machine is set to: to compile it again takes each program up to a second
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test explore check lint format clean

demo: .venv/.runs
	@$(BIN)/policywatch demo

test: .venv/.tests
	@echo "3,400 tests: about eight minutes on two cores"
	$(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal -m "not browser and not server"

# the property tests with ten times the examples, other ones each time
explore: .venv/.tests
	$(BIN)/pytest --numprocesses auto -m hypothesis --hypothesis-profile explore

# format, lint, strict types and import layers; then tests and docs
check: lint test

lint: .venv/.tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/.tests
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/.runs: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "policywatch needs Python 3.11 or later; make PYTHON=/path/to/it")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/.tests: .venv/.runs requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
