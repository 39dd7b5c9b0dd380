# Everything runs in a virtual environment of its own: VENV=... puts it elsewhere, PYTHON=... picks the interpreter,
# CONSTRAINTS=... the versions.
PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
PYTHONS ?= python3.11 python3.12 python3.13
WORKERS ?= auto
MUTANTS ?= 300
FAULTS ?= --quick
BIN := $(VENV)/bin
# Modules are compiled when they are first imported: of those that come along, most never are, and it is a minute less.
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
SITE := build/site

# Tests start Python hundreds of times: without compiled modules each start costs three seconds more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup quickstart test slow lint types types-inside types-outside ci matrix lowest newest coverage browsers \
	faults mutants docs docs-browser wheel sbom released workflows hooks bench smoke figures clean

help:
	@echo "make quickstart   set everything up and measure the built-in model under shift"
	@echo "make test         set everything up and run the tests"
	@echo "make slow         runs the few tests that take long: killed runs, whole example suites, a fleet of servers"
	@echo "make lint         formatting and lint"
	@echo "make types        types: of the package, and of a project that uses it"
	@echo "make ci           what every change must pass, on one Python: lint, types, quickstart, docs, tests"
	@echo ""
	@echo "make matrix       the tests on every Python of PYTHONS"
	@echo "make lowest       the tests on the lowest versions that pyproject.toml allows"
	@echo "make newest       the tests on the newest versions that install"
	@echo "make coverage     the tests once more, with branches counted (the level that fails: fail_under in pyproject.toml)"
	@echo "make browsers     the tests that drive Chromium over the HTML page"
	@echo "make faults       inject faults (FAULTS= for the full form, some minutes)"
	@echo "make mutants      make small wrong changes to the wiring, and see which the tests miss (half an hour)"
	@echo ""
	@echo "make docs         build the documentation site; a warning or a broken link is an error"
	@echo "make docs-browser look at every page of that site in headless Chromium"
	@echo "make wheel        build the wheel, install it in an empty environment, and use it there"
	@echo "make sbom         list what that environment holds, as CycloneDX"
	@echo "make workflows    check the workflow files, CITATION.cff and what is pinned"
	@echo "make hooks        run every pre-commit hook over all files"
	@echo "make bench        regenerate the evidence behind the documentation (long)"
	@echo "make smoke        run every benchmark at its smallest size: does it run? (some minutes)"
	@echo "make figures      measure the built-in models and redraw docs/figures (some minutes)"

setup: $(BIN)/.installed

$(BIN)/.installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	$(PIP) -c $(CONSTRAINTS) -e ".[dev]"
	touch $@

$(BIN)/.docs: $(BIN)/.installed
	$(PIP) -c $(CONSTRAINTS) -e ".[docs]"
	touch $@

$(BIN)/.checks: $(BIN)/.installed
	$(PIP) -e ".[checks]"
	touch $@

quickstart: setup
	$(BIN)/python -m pytest example_suites/quickstart

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow"

slow: setup
	$(BIN)/python -m pytest -m slow

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: types-inside types-outside

types-inside: setup
	$(BIN)/mypy

# What a user's own type checker sees is checked from outside, in a file that imports public names alone.
types-outside: setup
	cd tests/typed && $(abspath $(BIN))/mypy .
	$(BIN)/pyright --project tests/typed --pythonpath $(BIN)/python

# Two at a time where each needs one core, one thread each: more of them would wait for one another.
ci: $(BIN)/.docs
	OMP_NUM_THREADS=1 DOCS_SOURCE=no $(MAKE) --jobs=2 quickstart docs types lint
	$(MAKE) test

matrix:
	for python in $(PYTHONS); do $(MAKE) test PYTHON=$$python VENV=build/venv-$$python || exit 1; done

lowest:
	$(MAKE) test VENV=build/venv-lowest CONSTRAINTS=constraints-lowest.txt

newest:
	$(MAKE) test VENV=build/venv-newest CONSTRAINTS=/dev/null

coverage: $(BIN)/.checks
	rm -f build/coverage/.coverage*
	$(BIN)/python -m coverage run -m pytest -n $(WORKERS) --dist worksteal -p no:cacheprovider
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

browsers: setup
	$(BIN)/python -m pytest tests/integration/test_emid_page_browser.py

faults: setup
	$(BIN)/python benchmarks/reliability/faults.py $(FAULTS)

mutants: setup
	$(BIN)/python benchmarks/mutants/run.py --sample $(MUTANTS) --seed 0 --jobs 2 --at-least 90

docs: $(BIN)/.docs
	$(BIN)/python -m sphinx --builder html --fail-on-warning --nitpicky --quiet docs $(SITE)

docs-browser: docs
	$(BIN)/python docs/site/browse.py $(SITE)

wheel: $(BIN)/.checks
	rm -rf dist build/wheel
	$(BIN)/python -m build --outdir dist
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet -c $(CONSTRAINTS) dist/*.whl
	cd build/wheel && venv/bin/python -m pytest_emid init --model function --ci none suite
	cd build/wheel && venv/bin/python -m pytest suite --emid-limit=60 -k "defocus_blur:1"

sbom: $(BIN)/.checks
	$(BIN)/cyclonedx-py environment build/wheel/venv/bin/python --pyproject pyproject.toml --of JSON -o build/sbom.cdx.json

# What a tag says must be what is built, and what the changelog is dated for: make released VERSION=1.2.3
released:
	grep -q '^__version__ = "$(VERSION)"$$' pytest_emid/version.py
	grep -q '^version: $(VERSION)$$' CITATION.cff
	grep -q '^## \[$(VERSION)\] - 20' CHANGELOG.md

workflows: $(BIN)/.checks
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/zizmor --offline --quiet .github/workflows

hooks: $(BIN)/.checks
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pre-commit run --all-files

bench: setup
	$(PIP) -c $(CONSTRAINTS) -e ".[ocr]"
	$(BIN)/python benchmarks/run.py --out benchmarks/results

smoke: setup
	$(BIN)/python benchmarks/run.py --quick --out build/smoke

figures: setup
	$(BIN)/python benchmarks/figures/run.py --out docs/figures/numbers.json

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
