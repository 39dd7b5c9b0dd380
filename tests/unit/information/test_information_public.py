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
    if module.name.split(".")[-1] not in {"differentiable", "training"}:
        import_module(module.name)
for name in information.__all__:
    getattr(information, name)
print(sorted(name for name in sys.modules if name.startswith("pytest_emid") and "information" not in name))
"""

OLD = """
import warnings

warnings.simplefilter("always")
with warnings.catch_warnings(record=True) as caught:
    from pytest_emid.information import retained_contrast
    import pytest_emid.information as information
    information.retained_contrast, information.finite, information.finite, information.paper.measure
for one in caught:
    print(one.category.__name__, one.filename, one.message)
"""


def alone(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    return run.stdout


def test_works_alone():
    assert alone(WITHOUT) == "['pytest_emid', 'pytest_emid.errors', 'pytest_emid.version']\n"


def test_names_are_those_of_their_modules():
    from pytest_emid.information.critics.ridge import RidgeCritic
    from pytest_emid.information.intervals.multiplicity import holm

    assert information.RidgeCritic is RidgeCritic
    assert information.holm is holm
    assert set(information.__all__) <= set(dir(information))
    assert sorted(information.__all__) == sorted(name for names in information.HOMES.values() for name in names)


def test_names_of_the_first_release_warn_once_and_say_where_they_went():
    here = "pytest_emid.information"
    assert alone(OLD).splitlines() == [
        f"DeprecationWarning <string> {here}.retained_contrast is deprecated: write "
        f"`from {here}.intervals.means import retained_contrast`.",
        f"DeprecationWarning <string> {here}.finite is deprecated: write `import {here}.theory.finite`.",
        f"DeprecationWarning <string> {here}.paper.measure is deprecated: write "
        f"`from {here}.paper.pipeline import measure`.",
    ]


@pytest.mark.parametrize("name", [*(n for names in information.MOVED.values() for n in names), "divergence_torch"])
def test_every_old_name_is_still_there(name, monkeypatch):
    monkeypatch.delitem(vars(information), name, raising=False)
    with pytest.warns(DeprecationWarning, match=rf"^pytest_emid\.information\.{name} is deprecated: write `"):
        assert getattr(information, name) is not None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nonsense", "module 'pytest_emid.information' has no attribute 'nonsense'"),
        ("KernelCritic", "pytest_emid.information.KernelCritic was removed after 0.1: use RidgeCritic or ClubCritic."),
    ],
)
def test_a_name_that_is_not_there(name, message):
    with pytest.raises(AttributeError) as caught:
        getattr(information, name)
    assert str(caught.value) == message
