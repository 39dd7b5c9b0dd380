"""Every example in a docstring runs and shows what it says; every public function and class has one."""

import doctest
import inspect
import pkgutil
import warnings
from importlib import import_module

import pytest

PACKAGES = ["pytest_emid.information"]


def modules(package):
    found = import_module(package)
    return [package, *(module.name for module in pkgutil.walk_packages(found.__path__, f"{package}."))]


MODULES = [module for package in PACKAGES for module in modules(package)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert doctest.testmod(import_module(name)).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_what_is_public_has_an_example(name):
    module = import_module(name)
    public = [getattr(module, each) for each in vars(module).get("__all__", ())]
    own = [each for each in public if getattr(each, "__module__", "") == name and inspect.getdoc(each)]
    assert [each.__name__ for each in own if ">>>" not in inspect.getdoc(each)] == []
