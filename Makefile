# Everything a developer or newcomer types. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help up down reset test test-system check lint types imports ruff sqlfluff squawk mypy basedpyright bench docs install clean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The first interpreter that is new enough and can make environments; set PYTHON to choose another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)

# Every process would compile 900 modules again where this is set, as container images like to have it: a start of `serve` costs 0.5 s
# more, collecting the tests twice its time.
export PYTHONDONTWRITEBYTECODE :=

# A file at a time to each worker, so that what its tests share is made once; in the order of `testpaths`, the longest first.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

# What runs twice: all that sends SQL of ours, apart from the tests that start servers themselves.
SYSTEM_LEG := tests/contracts/test_queries.py tests/contracts/test_schema.py tests/contracts/test_schema_use.py tests/contracts/test_migration_snapshots.py \
	$(addprefix tests/integration/,audit configuration devices events jobs mqtt operations partitioning security telemetry twin vpn workflows)

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-17s\033[0m %s\n", "make " $$1, $$2 }' $(MAKEFILE_LIST)

up: $(STAMP) ## Start everything: PostgreSQL, API, and this computer as the first device
	@$(BIN)/iotistic up

down: $(STAMP) ## Stop what `make up` started
	@$(BIN)/iotistic down

reset: $(STAMP) ## Delete the local data and begin anew (asks first)
	@$(BIN)/iotistic reset

test: $(VENV)/.developing ## Run the whole suite on a real PostgreSQL, then the database parts on the system's own; ARGS=PATH: only that
	@$(PYTEST) $(ARGS)
	@$(if $(ARGS),,$(MAKE) --no-print-directory test-system)

test-system: $(VENV)/.developing ## Only the second leg: what speaks SQL, on an installed PostgreSQL 15 to 18
	@if $(BIN)/python -m tests.support.server; then \
	  TEST_SERVER=system $(PYTEST) $(SYSTEM_LEG); \
	else echo "Second leg skipped, for the reason above."; fi

check: $(VENV)/.developing lint types imports test ## All gates, then the suite

lint: ruff sqlfluff squawk ## ruff on Python, sqlfluff on queries, squawk on migrations

types: mypy basedpyright ## mypy strict and basedpyright strict

# Each gate is a target of its own: `make -j2 lint types imports` has two of them at work at a time.
ruff: $(VENV)/.developing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

sqlfluff: $(VENV)/.developing
	@$(BIN)/sqlfluff lint --config .sqlfluff $$(git ls-files '*queries.sql')

squawk: $(VENV)/.developing
	@$(BIN)/squawk --config .squawk.toml $$(git ls-files 'src/iotistic/migrations/sql/*/[0-9]*.sql')

mypy basedpyright: $(VENV)/.developing
	@$(BIN)/$@

imports: $(VENV)/.developing ## The tiers of the architecture
	@$(BIN)/lint-imports

bench: $(VENV)/.developing ## Measure, as ratios within one run
	@for b in benchmarks/*.py; do echo "== $$b"; PYTHONPATH=. $(BIN)/python $$b || exit 1; done

docs: $(VENV)/.developing ## Write the generated reference pages and the picture of the README anew
	@$(BIN)/iotistic config reference > docs/reference/settings.md
	@$(BIN)/iotistic config example > .env.example
	@$(BIN)/python -m tests.support.data_model > docs/reference/.data-model.new && mv docs/reference/.data-model.new docs/reference/data-model.md
	@$(BIN)/python -m tests.support.terminal_picture > docs/images/.terminal.new && mv docs/images/.terminal.new docs/images/terminal.svg

install: $(STAMP) ## Only make the environment

clean: ## Remove the environment and caches (data stays)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed (Debian: apt-get install python3-venv). Set PYTHON to its path."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
# The commands that an older pip writes load `re` first: 10 ms of CPU, a fifth of a start of `iotistic migrate` with nothing to do.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

$(STAMP): $(VENV)/bin/python pyproject.toml
	@echo "Installing (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.developing: $(VENV)/bin/python pyproject.toml
	@echo "Installing with the development tools (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(STAMP)
