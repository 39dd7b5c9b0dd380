# Everything runs in a virtual environment of its own: VENV=... puts it elsewhere, PYTHON=... picks the interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# Tests start Python hundreds of times: without compiled modules each start costs three seconds more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup quickstart test lint bench smoke figures clean mutants

help:
	@echo "make quickstart   set everything up and measure the built-in model under shift"
	@echo "make test         set everything up and run the tests"
	@echo "make lint         formatting, lint and types"
	@echo "make bench        regenerate the evidence behind the documentation (long)"
	@echo "make smoke        run every benchmark at its smallest size: does it run? (some minutes)"
	@echo "make mutants      make small wrong changes to the wiring, and see which the tests miss (half an hour)"
	@echo "make figures      measure the built-in models and redraw docs/figures (some minutes)"

setup: $(BIN)/.installed

$(BIN)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

quickstart: setup
	$(BIN)/python -m pytest example_suites/quickstart

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[ocr]"
	$(BIN)/python benchmarks/run.py --out benchmarks/results

smoke: setup
	$(BIN)/python benchmarks/run.py --quick --out build/smoke

figures: setup
	$(BIN)/python benchmarks/figures/run.py --out docs/figures/numbers.json

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

mutants: setup
	$(BIN)/python benchmarks/mutants/run.py --sample 300 --seed 0 --jobs 2 --at-least 90
