"""Every example in a docstring runs, and every public name has one."""

import doctest
import importlib.util
import inspect
import pkgutil
from pathlib import Path

import pytest

PACKAGES = [
    "pytest_emid.information",
    "pytest_emid.shifts",
    "pytest_emid.data",
    "pytest_emid.models",
    "pytest_emid.training",
]

NEEDS_A_NETWORK = {"pytest_emid.data.hub.load_hub", "pytest_emid.data.hub.hub_splits"}
"""The only examples that are shown and not run."""


def modules_with_examples(package):
    """Modules that show none are not imported: some would bring torch along."""
    inner = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    for name in (package.__name__, *(found.name for found in inner)):
        if ">>>" in Path(importlib.util.find_spec(name).origin).read_text("utf-8"):
            yield importlib.import_module(name)


@pytest.fixture(params=PACKAGES)
def examples(request):
    """Every docstring of a package that holds an example."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = modules_with_examples(importlib.import_module(request.param))
    found = [test for module in modules for test in finder.find(module) if test.examples]
    assert found, f"{request.param} has no example at all"
    return found


def test_examples_run(examples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(verbose=False)
    said = []
    for test in examples:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
    assert list(tmp_path.iterdir()) == [], "an example leaves files behind"


def test_only_what_needs_a_network_is_not_run(examples):
    skipped = {test.name for test in examples if any(doctest.SKIP in example.options for example in test.examples)}
    assert skipped <= NEEDS_A_NETWORK


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_an_example(package):
    module = importlib.import_module(package)
    public = {name: getattr(module, name) for name in module.__all__}
    without = [
        name
        for name, value in public.items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and ">>>" not in (value.__doc__ or "")
    ]
    assert without == []
