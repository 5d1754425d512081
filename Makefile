# Targets are short on purpose; `make help` lists them. A machine needs Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
# One more than the cores of a small machine: tests of processes and outages mostly wait.
PYTEST_FLAGS ?= -n 3 --dist loadgroup
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet

# Images of containers often set it. Without bytecode each of the processes that tests start would
# compile what it imports: seconds of processor time each.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test quick test-services stories nemesis outage check fmt bench bench-peers lock sdk clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: .venv/ready ## start everything: PostgreSQL, Valkey, web, worker (PORT, HOST, NEST_HOME, DATABASE_URL, REDIS_URL)
	@exec $(BIN)/nest run

test: .venv/ready-dev clients/js/dist/.ready ## run all tests, browser tests included, on servers of their own (T=tests/configurator: only these)
	@$(BIN)/python -m tests.support.programs.browser
	@$(BIN)/python -m tests.support.programs.installing
	@$(BIN)/pytest $(PYTEST_FLAGS) $(T)

quick: .venv/ready-dev clients/js/dist/.ready ## run what needs no browser and kills nothing (tests/quick.py), in about 90 seconds
	@$(BIN)/pytest $(PYTEST_FLAGS) -m quick $(T)

test-services: .venv/ready-dev clients/js/dist/.ready ## run the tests on TEST_DATABASE_URL (may create databases) and TEST_REDIS_URL (databases 1 to 15 are flushed)
	@test -n "$$TEST_DATABASE_URL" && test -n "$$TEST_REDIS_URL" || { echo "Set TEST_DATABASE_URL and TEST_REDIS_URL."; exit 2; }
	@$(BIN)/python -m tests.support.programs.browser
	@$(BIN)/python -m tests.support.programs.installing
	@$(BIN)/pytest $(PYTEST_FLAGS)

stories: .venv/ready-dev ## tell as many made-up stories of people, processes and a bad network (STORIES=1000)
	@STORIES=$(or $(STORIES),1000) $(BIN)/pytest tests/model

nemesis: .venv/ready-dev ## inject faults of every kind under load and compare what is stored (SECONDS=1800 SEED=1 TABS=2 LOAD=1 FILE=tests/faults/seeds/…)
	@$(BIN)/python -m tests.faults.nemesis --seconds $(or $(SECONDS),1800) $(if $(SEED),--seed $(SEED)) $(if $(FILE),--file $(FILE)) $(if $(TABS),--tabs $(TABS)) $(if $(LOAD),--load $(LOAD))

outage: .venv/ready-dev ## take PostgreSQL away for 10 s behind HAProxy, with browser tabs: raw 503, interactions refused, tabs reloaded
	@$(BIN)/python -m tests.support.programs.browser
	@$(BIN)/python -m tests.support.programs.installing
	@$(BIN)/python -m tests.faults.nemesis --outage

check: .venv/ready-dev clients/js/node_modules/.ready ## formatting, lint, types, import contracts; Python and the browser's code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.support.programs.scripts

fmt: .venv/ready-dev clients/js/node_modules/.ready ## format the code and mend what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/python -m tests.support.programs.scripts --write

bench: .venv/ready-dev ## print the measured figures
	@$(BIN)/python -m bench $(BENCH_FLAGS)

bench-peers: .venv/ready-dev ## compare with peers, installed from npm for it (BENCH_FLAGS="--quick --jobs rooms,kills")
	@$(BIN)/python -m bench --peers $(BENCH_FLAGS)

lock: .venv/ready-dev ## resolve the dependencies again and rewrite both lock files
	@$(PIP) install uv
	@echo 'setuptools>=80' | $(COMPILE) --upgrade pyproject.toml - -o requirements.lock
	@echo 'setuptools>=80' | $(COMPILE) --upgrade --extra dev --constraint requirements.lock pyproject.toml - -o requirements-dev.lock

sdk: clients/js/dist/.ready ## pack the JavaScript client again, which /sdk/ serves (after a change of clients/js)
	@rm -f app/sdk/*.tgz
	@$(BIN)/python -m tests.support.programs.node app/sdk

clean: ## remove the environment and caches, never the data in NEST_HOME
	@rm -rf .venv clients/js/node_modules clients/js/dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; set PYTHON=...")'
	@echo "Creating .venv"
	@$(PYTHON) -m venv .venv

# The product, its Python client and the conformance kit are installed editable, without the network: setuptools is pinned in the lock.
.venv/ready: requirements.lock pyproject.toml clients/python/pyproject.toml clients/conformance/pyproject.toml | .venv/bin/python
	@echo "Installing (about half a minute)"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable . --editable clients/python --editable clients/conformance
	@touch $@

.venv/ready-dev: requirements-dev.lock .venv/ready
	@echo "Installing what the tests need"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# The JavaScript client: its packages when the lock changed, then tsc and the bundle for browsers. It
# shares modules with the page, which loads them as they are (ui/assets/js/client).
# Node comes with .venv/ready-dev.
clients/js/node_modules/.ready: clients/js/package-lock.json | .venv/ready-dev
	@$(BIN)/python -m tests.support.programs.node

clients/js/dist/.ready: clients/js/node_modules/.ready clients/js/package.json $(wildcard clients/js/tsconfig*.json clients/js/scripts/*.mjs clients/js/src/*.ts clients/js/src/*/*.ts ui/assets/js/client/*) | .venv/ready-dev
	@$(BIN)/python -m tests.support.programs.node
