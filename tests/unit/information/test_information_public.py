"""The mathematics from one place, without pytest, torch or the rest of the package."""

import subprocess
import sys

import pytest

import pytest_emid.information as information

WITHOUT = """
import pkgutil, sys
from importlib import import_module

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"pytest", "_pytest", "torch", "transformers"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import pytest_emid.information as information

assert not [name for name in sys.modules if name.split(".")[0] in {"numpy", "scipy"}]
for module in pkgutil.walk_packages(information.__path__, "pytest_emid.information."):
    if module.name.split(".")[-1] not in {"divergence_torch", "training"}:
        import_module(module.name)
for name in information.__all__:
    getattr(information, name)
print(sorted(name for name in sys.modules if name.startswith("pytest_emid") and "information" not in name))
"""


def test_works_alone():
    run = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout == "['pytest_emid', 'pytest_emid.errors', 'pytest_emid.version']\n"


def test_names_are_those_of_their_modules():
    from pytest_emid.information.critics.ridge import RidgeCritic
    from pytest_emid.information.intervals.multiplicity import holm

    assert information.RidgeCritic is RidgeCritic
    assert information.holm is holm
    assert set(information.__all__) <= set(dir(information))
    assert sorted(information.__all__) == sorted(name for names in information.HOMES.values() for name in names)


def test_critics_are_found_beside_what_they_estimate():
    from pytest_emid.information import critics
    from pytest_emid.information.critics import mutual_information

    for critic in critics.KINDS.values():
        assert getattr(mutual_information, critic.__name__) is critic


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'pytest_emid\.information' has no attribute 'nonsense'$"):
        _ = information.nonsense
