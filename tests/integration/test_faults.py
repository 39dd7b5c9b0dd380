"""A small part of the injected faults of `benchmarks/reliability/faults.py`; its full form takes minutes."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "reliability" / "faults.py"


@pytest.fixture(scope="module")
def faults() -> ModuleType:
    spec = importlib.util.spec_from_file_location("faults", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["faults"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore")
def test_nothing_is_silently_different_raw_or_lost(faults: ModuleType, tmp_path: Path) -> None:
    found = faults.suite(tmp_path, damage=40, malform=200, seeds=2)
    assert faults.problems(found) == {}
    assert found["damaged cache files"]["clear error"] > 0 < found["damaged cache files"]["same"]
    assert [sum(counts.values()) for counts in found.values()] == [40, 200, 5, 5, 3, 12]
    for kind in ("clocks", "claims", "in-place models", "changed shifts"):
        assert set(found[kind]) == {"right"}


def test_what_is_wrong_is_counted(faults: ModuleType) -> None:
    found = {"clocks": Counter({"right": 4, faults.DIFFERENT: 1}), "malformed": Counter({f"ids: {faults.RAW}: x": 2})}
    assert faults.problems(found) == {f"clocks: {faults.DIFFERENT}": 1, f"malformed: ids: {faults.RAW}: x": 2}
