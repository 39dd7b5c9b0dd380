"""Small wrong changes to the wiring, one at a time: do the unit tests see them?

    python benchmarks/mutants/run.py                               # a seeded sample of 300 of all changes
    python benchmarks/mutants/run.py --only limits --sample 0      # all changes of modules whose path holds "limits"
    python benchmarks/mutants/run.py --list                        # what would be changed

`targets.toml` names the modules, the test files of each, and the changes that are known to change nothing;
`changes.py` says what is changed into what.

Changes are made in memory, and the tree is never written to. For each module a process collects its tests and is
forked once a change: the fork gives the changed function its new code, and runs the tests until one fails. What cannot
be changed so (constants of modules and classes, defaults of arguments) and what no test has seen is tried again in a
fork that imports the changed module from the start. What a test starts as another process does not see the change.

mutmut (3.8) does not serve: it draws no seeded sample, changes neither properties nor other decorated functions, and
neither swaps arguments or sides nor deletes statements, which is how wiring goes wrong.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import inspect
import json
import os
import random
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from changes import Mutant, code_of, mutants_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HEAVY = ("numpy", "scipy.special", "scipy.linalg", "PIL.Image", "hypothesis", "jinja2", "sqlite3", "threadpoolctl")
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain", "--hypothesis-profile=mutants")
PASSED, FAILED, BROKEN, NOT_IN_PLACE, NOT_LOADED, TIMEOUT = 0, 1, 3, 98, 99, -1
"""How a fork ends: with the status of its tests, or with why it ran none of them on changed code."""
SURVIVED = {PASSED: "no test fails", NOT_LOADED: "its tests do not import the module"}


class Target(NamedTuple):
    """A module and the tests that must see its changes; paths from the root."""

    module: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        return ROOT / self.module

    @property
    def arguments(self) -> list[str]:
        """Of pytest."""
        tests = [str(ROOT / test) for test in self.tests]
        return [*PYTEST, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), *tests]


def forked(tasks: Sequence[Callable[[], int]], limit: float, jobs: int) -> Iterator[tuple[int, int, float]]:
    """Run each task in a fork of its own: its number, its status or `TIMEOUT`, and its seconds, as they end."""
    running: dict[int, tuple[int, float, Any]] = {}
    waiting = list(enumerate(tasks))[::-1]
    while waiting or running:
        while waiting and len(running) < jobs:
            number, task = waiting.pop()
            folder = tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True)
            pid = os.fork()
            if pid == 0:
                alone(task, folder.name)
            running[pid] = (number, time.monotonic(), folder)
        time.sleep(0.01)
        for pid, (number, began, folder) in list(running.items()):
            seconds = time.monotonic() - began
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended == 0 and seconds <= limit:
                continue
            if ended == 0:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            del running[pid]
            folder.cleanup()
            yield number, TIMEOUT if ended == 0 else os.waitstatus_to_exitcode(status), seconds


def alone(task: Callable[[], int], folder: str) -> None:
    """In a fork: run the task in silence and in a folder of its own, and end."""
    status = BROKEN
    try:
        os.setsid()
        gc.disable()
        os.chdir(folder)
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        sys.dont_write_bytecode = True
        status = task()
    finally:
        os._exit(status)


class InPlace:
    """A pytest plugin that runs the collected tests once a change, each time in a fork.

    `outcomes` begins with the seconds that the tests take as they are, None if they do not pass.
    """

    def __init__(self, target: Target, mutants: Sequence[Mutant], jobs: int, told: Callable[[Any], None]) -> None:
        self.target, self.mutants, self.jobs, self.told = target, mutants, jobs, told

    def pytest_runtestloop(self, session: Any) -> bool:
        module = importlib.import_module(self.target.module.removesuffix(".py").replace("/", "."))

        def tests(mutant: Mutant | None) -> int:
            from _pytest.main import pytest_runtestloop

            if mutant is not None and not changed_in_place(module, mutant):
                return NOT_IN_PLACE
            try:
                pytest_runtestloop(session)
            except (session.Failed, session.Interrupted):
                return FAILED
            return FAILED if session.testsfailed else PASSED

        [(_, status, base)] = forked([partial(tests, None)], 600.0, 1)
        self.told(base if status == PASSED else None)
        if status == PASSED:
            for found in forked([partial(tests, mutant) for mutant in self.mutants], 10.0 + 5.0 * base, self.jobs):
                self.told(found)
        return True


def changed_in_place(module: Any, mutant: Mutant) -> bool:
    """Give a function its changed code; False where the change is not in a function, or changes its closure."""
    code: CodeType | None = code_of(mutant)
    held: Any = module
    for name in mutant.where.split("."):
        held = inspect.getattr_static(held, name, None)
        inner = getattr(held, "fget", None) or getattr(held, "__func__", None) or getattr(held, "__wrapped__", held)
        line = inner.__code__.co_firstlineno if isinstance(inner, FunctionType) else None
        known = [c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name] if code else []
        code = next((c for c in known if line in (None, c.co_firstlineno)), None)
        if isinstance(inner, FunctionType):
            if code is None or code == inner.__code__ or code.co_freevars != inner.__code__.co_freevars:
                return False
            inner.__code__ = code
            return True
    return False


def imported(target: Target, mutant: Mutant) -> int:
    """Run the tests in a process that has not imported the package, and imports the changed module."""
    import pytest

    code, get_code, served = code_of(mutant), SourceFileLoader.get_code, []

    def changed(loader: SourceFileLoader, name: str) -> CodeType | None:
        if loader.path != str(target.path):
            return get_code(loader, name)
        served.append(name)
        return code

    SourceFileLoader.get_code = changed  # type: ignore[assignment, method-assign]
    status = int(pytest.main(target.arguments))
    return status if served else NOT_LOADED


def outcomes_of(target: Target, mutants: Sequence[Mutant], jobs: int) -> tuple[list[int], float]:
    """The status of every change of a module, and how long its tests take as they are."""
    reading, writing = os.pipe()

    def serve() -> int:
        import pytest

        def told(found: Any) -> None:
            os.write(writing, (json.dumps(found) + "\n").encode())

        return int(pytest.main(target.arguments, plugins=[InPlace(target, mutants, jobs, told)]))

    statuses = [NOT_IN_PLACE] * len(mutants)
    # The pipe holds more than all that is told, so that it can be read at the end.
    [(_, _, _)] = forked([serve], 3600.0, 1)
    os.close(writing)
    with os.fdopen(reading) as stream:
        base, *found = [json.loads(line) for line in stream] or [None]
    if base is None:
        sys.exit(f"the tests of {target.module} do not pass as they are: run them, and correct that first")
    for number, status, _ in found:
        statuses[number] = status
    again = [number for number, status in enumerate(statuses) if status in (PASSED, NOT_IN_PLACE)]
    tasks = [partial(imported, target, mutants[number]) for number in again]
    for number, status, _ in forked(tasks, 30.0 + 5.0 * base, jobs):
        statuses[again[number]] = status
    return statuses, base


def warm_up() -> None:
    """Import what every fork needs; nothing of the package."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", HF_HUB_OFFLINE="1")
    sys.path[0] = str(ROOT)
    for name in HEAVY:
        importlib.import_module(name)
    from hypothesis import Phase, settings

    # No example is kept for the next change, and none is made small: that a test fails is all there is to know.
    settings.register_profile(
        "mutants", database=None, derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=300, help="how many changes; 0 for all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--only", action="append", help="of the sample, modules whose path holds this text")
    parser.add_argument("--at-least", type=float, default=0.0, help="percent that must be seen, else exit 1")
    parser.add_argument("--list", action="store_true", help="print the changes and run nothing")
    parser.add_argument("--out", type=Path, help="a JSON file for the figures")
    options = parser.parse_args()

    told = tomllib.loads((HERE / "targets.toml").read_text("utf-8"))
    targets = [Target(entry["module"], tuple(entry["tests"])) for entry in told["targets"]]
    equivalent = told.get("equivalent", [])
    whole = [(target, mutant) for target in targets for mutant in mutants_of(target.path)]
    stale = [known for known in equivalent if not any(mutant.is_(known) for _, mutant in whole)]
    if stale:
        sys.exit("targets.toml names changes that no longer exist:\n" + "\n".join(map(str, stale)))
    chosen = random.Random(options.seed).sample(range(len(whole)), min(options.sample or len(whole), len(whole)))
    only = options.only or [""]
    pairs = [whole[i] for i in sorted(chosen) if any(text in whole[i][0].module for text in only)]
    if options.list:
        print("\n".join(str(mutant) for _, mutant in pairs))
        return

    began = time.monotonic()
    warm_up()
    survivors, found = [], Counter[str]()
    for target in targets:
        mine = [mutant for of, mutant in pairs if of is target]
        if not mine:
            continue
        statuses, base = outcomes_of(target, mine, options.jobs)
        left = [(mutant, status) for mutant, status in zip(mine, statuses, strict=True) if status in SURVIVED]
        for mutant, status in left:
            reason = next((known["reason"] for known in equivalent if mutant.is_(known)), None)
            found["survivors that change nothing"] += reason is not None
            print(f"{mutant}\n  = {SURVIVED[status] if reason is None else f'changes nothing: {reason}'}")
        print(f"{target.module}: {len(mine) - len(left)} of {len(mine)} seen; its tests take {base:.1f} s", flush=True)
        survivors += [mutant for mutant, _ in left]
        found["seen"] += len(mine) - len(left)
    percent = 100.0 * found["seen"] / max(len(pairs), 1)
    print(
        f"{found['seen']} of {len(pairs)} changes seen, {percent:.1f} % (of {len(whole)} in all, seed {options.seed}); "
        f"{found['survivors that change nothing']} of {len(survivors)} survivors change nothing; "
        f"{time.monotonic() - began:.0f} s"
    )
    if options.out:
        figures = {"of": len(pairs), "all": len(whole), **found, "survivors": [str(mutant) for mutant in survivors]}
        options.out.write_text(json.dumps(figures, indent=1))
    if percent < options.at_least:
        sys.exit(f"fewer than {options.at_least:g} % were seen")


if __name__ == "__main__":
    main()
