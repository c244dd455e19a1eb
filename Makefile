# Everything a person or a machine does here. `make` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
# Bytecode is compiled at install time: it halves the start of every kernel.
COMPILE := $(UV) compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"
INSTALL := $(UV) install --compile-bytecode --require-hashes --python $(BIN)/python

.PHONY: help install demo test test-spark check lint notebooks docs docs-fresh screenshots bench lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## create .venv and install the locked packages

$(VENV)/bin/uv: requirements/bootstrap.txt
	@echo "Creating $(VENV)" >&2
	@$(PYTHON) -c 'import sys; sys.exit("ecombi needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.installed: $(VENV)/bin/uv requirements/lock.txt pyproject.toml
	@echo "Installing the locked packages" >&2
	@$(INSTALL) -r requirements/lock.txt
	@$(UV) install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	@$(BIN)/python -m compileall -q ecombi
	@$(BIN)/ecombi kernels install >/dev/null
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	@echo "Installing what the tests need" >&2
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

$(VENV)/.installed-spark: $(VENV)/.installed-dev requirements/spark.txt
	@echo "Installing Spark" >&2
	@$(INSTALL) -r requirements/spark.txt
	@touch $@

demo: workspace/.demo ## install, load a simulated shop, run the nightly pipeline, serve the dashboards
	@$(BIN)/ecombi serve --workspace workspace

workspace/.demo: $(VENV)/.installed
	@$(BIN)/ecombi load simulated --orders 20000 --years 2 --seed 7 --quiet --workspace workspace
	@$(BIN)/ecombi run nightly --quiet --workspace workspace
	@touch $@

test: $(VENV)/.installed-dev ## install what the tests need (system packages too, where it may) and run them all
	@bash tests/install-system-packages.sh
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

test-spark: $(VENV)/.installed-spark ## run the tests of the Spark engine on a cluster of this machine (needs Java 17 or newer)
	@$(BIN)/python -m pytest -m spark

check: lint test notebooks docs-fresh ## what CI runs: lint, types, layers, tests, notebooks, docs are fresh

lint: $(VENV)/.installed-dev ## format, lint, types, layers
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

notebooks: $(VENV)/.installed-dev ## run the guides against their stored outputs
	@rm -rf .cache/guides
	@$(BIN)/ecombi load simulated --orders 20000 --years 2 --seed 7 --until 2026-10-06 --quiet --workspace .cache/guides
	@$(BIN)/ecombi load simulated --orders 20000 --years 2 --seed 7 --quiet --workspace .cache/guides
	@ECOMBI_WORKSPACE=$(CURDIR)/.cache/guides $(BIN)/python -m pytest -q -W ignore --nbval-lax --nbval-current-env notebooks/guides

docs: install ## regenerate the generated pages and the lock of definitions
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/definitions.py

docs-fresh: install ## fail when a generated page is stale
	@$(BIN)/python docs/generate.py --check
	@$(BIN)/python docs/definitions.py --check

screenshots: $(VENV)/.installed-dev workspace/.demo ## take the pictures of the docs from the running demo
	@$(BIN)/python docs/take_screenshots.py $(CURDIR)/workspace

bench: install ## print the benchmarks' ratios
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

lock: $(VENV)/bin/uv ## resolve the newest packages into requirements/
	@$(COMPILE) pyproject.toml -o requirements/lock.txt
	@$(COMPILE) requirements/bootstrap.in -o requirements/bootstrap.txt
	@$(COMPILE) --extra spark pyproject.toml -c requirements/lock.txt -o requirements/spark.txt
	@$(COMPILE) --group test --group lint -c requirements/lock.txt -o requirements/dev.txt

clean: ## remove the environment, caches and the demo workspace
	rm -rf $(VENV) workspace .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
