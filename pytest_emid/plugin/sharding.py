"""One suite over several CI jobs: which tests of a run belong to which shard, and the hooks that leave the others out.

What must not be asked twice stays together: all tests of one scenario are in one shard. Which shard that is follows
from the names of the scenarios alone, so that every job and every pytest-xdist worker finds the same by itself.

PYTEST_DONT_REWRITE: this module asserts nothing.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pytest

from pytest_emid.plugin.config import KEYWORD
from pytest_emid.plugin.parsing import Shard

__all__ = ["SHARD", "Sharding", "assign", "scenario_of"]

SCENARIO_ID: Final = re.compile(r"identity|[^\s:+()]+(\([^()]*\))?:[^\s:+]+(\+\S+)?")
"""A text that may name a shift: `defocus_blur:3`, `keyboard(rates=published):1`, `scenes:hard:ko`."""

WORKER_OUTPUT: Final = "emid_shard"


SHARD: Final = pytest.StashKey[dict[str, Any]]()
"""Where pytest's config holds what this shard is of, for the JSON report."""


def assign(units: Iterable[str], total: int) -> dict[str, int]:
    """Deal units to shards 1 to `total`: by their names alone, and no shard gets two more than another.

    Each unit goes to the shard that it prefers among those that are not full (rendezvous hashing with bounded loads),
    so that most units stay where they were, and find their answers in that shard's cache, when others are added.
    """
    names = sorted(set(units), key=lambda unit: _draw(unit))
    least, larger = divmod(len(names), total)
    loads = dict.fromkeys(range(1, total + 1), 0)
    assigned = {}
    for name in names:
        room = [k for k in loads if loads[k] < least or (loads[k] == least and larger > 0)]
        shard = max(room, key=lambda k: _draw(name, k))
        larger -= loads[shard] == least
        loads[shard] += 1
        assigned[name] = shard
    return assigned


def scenario_of(item: pytest.Item) -> str:
    """What a test that measures must share a shard with: all tests of its scenario.

    The scenario is read from the test's parameters: a shift, its id, or a dataset. A parametrised `emid_...` fixture
    (two models, say) makes two. A test that names its scenario in its body only is one by itself.
    """
    callspec = getattr(item, "callspec", None)
    parameters: Mapping[str, Any] = getattr(callspec, "params", {})
    named = sorted({name for value in parameters.values() if (name := _named(value)) is not None})
    if callspec is None or not named:
        return f"test {item.nodeid}"
    variants = sorted(f"{name}[{callspec.indices[name]}]" for name in parameters if name.startswith("emid_"))
    return ", ".join([f"scenario {' and '.join(named)}", *variants])


def _named(value: object) -> str | None:
    if isinstance(value, str):
        return value if SCENARIO_ID.fullmatch(value) else None
    if callable(getattr(value, "apply", None)) and isinstance(getattr(value, "id", None), str):
        return str(value.id)  # type: ignore[attr-defined]
    module = sys.modules.get("pytest_emid.data.dataset")
    return value.name if module is not None and isinstance(value, module.Dataset) else None


def _draw(unit: str, shard: int = 0) -> bytes:
    return hashlib.sha256(f"{shard}:{unit}".encode("utf-8", "surrogatepass")).digest()


class Sharding:
    """The hooks of a run that is one shard. Every test is in exactly one: those that measure nothing are in the first.

    Tests are dealt after `-k` and `-m` have chosen, so that the shards of a selection are balanced, too.
    """

    def __init__(self, shard: Shard, config: pytest.Config) -> None:
        self._shard = shard
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the tests of other shards, as deselected."""
        units = [scenario_of(item) if KEYWORD in item.keywords else None for item in items]
        shards = assign((unit for unit in units if unit is not None), self._shard.total)
        homes = [1 if unit is None else shards[unit] for unit in units]
        plan = sorted(f"{home} {item.nodeid}" for home, item in zip(homes, items, strict=True))
        mine = [item for home, item in zip(homes, items, strict=True) if home == self._shard.number]
        others = [item for home, item in zip(homes, items, strict=True) if home != self._shard.number]
        self._config.stash[SHARD] = {
            "number": self._shard.number,
            "total": self._shard.total,
            "plan": hashlib.sha256("\n".join(plan).encode("utf-8", "surrogatepass")).hexdigest()[:16],
            "tests": sorted(item.nodeid for item in mine if KEYWORD in item.keywords),
            "elsewhere": len(others),
        }
        if others:
            items[:] = mine
            self._config.hook.pytest_deselected(items=others)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """pytest-xdist's controller collects nothing: a worker says what this shard is of."""
        told = getattr(node, "workeroutput", {}).get(WORKER_OUTPUT)
        if told is not None:
            self._config.stash[SHARD] = told

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A shard that holds no test of a run that has some is no error."""
        known = self._config.stash.get(SHARD, None)
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[WORKER_OUTPUT] = known
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and known is not None and known["elsewhere"]:
            session.exitstatus = pytest.ExitCode.OK
