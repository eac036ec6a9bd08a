# Every target explains itself: make help
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
TESTS   = $(BIN)/python -m pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help install run test test-fast durations check bench docs screenshots clean

help:  ## show what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

install: $(VENV)/run.stamp  ## set up .venv with the command outage-detector in .venv/bin

run: $(VENV)/run.stamp  ## set up, check config.toml, run the pipeline (as shipped: the bundled WeChat scenarios)
	@$(BIN)/outage-detector check
	@$(BIN)/outage-detector run

test: $(VENV)/dev.stamp  ## run all tests
	@$(TESTS)

test-fast: $(VENV)/dev.stamp  ## run the tests that take under a minute, what one runs while working
	@$(TESTS) -m 'not slow' --durations 5 --durations-min 1

durations: $(VENV)/dev.stamp  ## run all tests, and write anew which of them test-fast leaves out
	@$(TESTS) --junitxml var/all.xml
	@$(BIN)/python -m tests.slow var/all.xml
	@$(TESTS) -m 'not slow' --junitxml var/fast.xml
	@$(BIN)/python -m tests.slow var/all.xml var/fast.xml

check: $(VENV)/dev.stamp  ## lint, format, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp  ## measure, and write docs/benchmarks.md anew
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/dev.stamp  ## take the pictures of the dashboard in docs/images anew
	@$(BIN)/python -m tests.web.screenshots

docs: $(VENV)/docs.stamp $(VENV)/dev.stamp  ## write what is made from the code, build the documentation into site/
	@$(BIN)/python -m tests.docs.house
	@$(BIN)/python -m tests.docs.readme
	@$(BIN)/mkdocs build --quiet
	@echo "open site/index.html"

clean:  ## remove the virtual environment and what runs left behind
	rm -rf $(VENV) var dist site

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@echo "making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing (about a minute the first time)"
	@$(INSTALL) --editable '.[encoder]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing with the tools for tests (about a minute the first time)"
	@$(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/run.stamp

$(VENV)/docs.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing the tools for documentation"
	@$(INSTALL) --editable '.[docs]'
	@touch $@ $(VENV)/run.stamp
