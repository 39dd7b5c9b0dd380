"""Small wrong changes to the wiring, one at a time: do the unit tests see them?

    python benchmarks/mutants.py                                # a seeded sample of 300 of all changes
    python benchmarks/mutants.py --only limits --sample 0       # all changes of the modules whose path holds "limits"
    python benchmarks/mutants.py --list                         # what would be changed

`mutants.toml` names the modules, the test files of each, and the changes that are known to change nothing.

Every change is made in memory: a process that has imported the heavy libraries is forked, the fork's import system
serves the changed module, and pytest runs that module's tests until the first failure. The tree is never written to;
what a test starts as another process does not see the change. Needs `os.fork`.

mutmut (3.8) does not serve: it draws no seeded sample, changes neither properties nor other decorated functions, and
neither swaps arguments or sides nor deletes statements, which is how wiring goes wrong.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import json
import os
import random
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple, NoReturn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
HEAVY = ("numpy", "scipy.special", "scipy.linalg", "PIL.Image", "hypothesis", "jinja2", "sqlite3", "threadpoolctl")
NOT_LOADED = 99
"""Exit status of a fork whose tests never imported the changed module."""
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain", "--hypothesis-profile=mutants")

COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
SIDES = [("clean", "shifted"), ("image", "text"), ("low", "high"), ("response", "reference"), ("before", "after")]
"""What wiring takes for one another: local names, and attributes of anything."""
OTHER = {a: b for pair in SIDES for a, b in (pair, pair[::-1])}


class Target(NamedTuple):
    """A module and the tests that must see its changes; paths from the root."""

    module: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Mutant:
    """One change: which of `places` becomes which of its `changes`."""

    target: Target
    place: int
    choice: int
    kind: str
    where: str
    line: int
    was: str
    becomes: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in `mutants.toml`, wherever the module is."""
        return (self.where, self.was, self.becomes)

    def __str__(self) -> str:
        lines = [f"{self.target.module}:{self.line} {self.where}: {self.kind}"]
        lines += [f"  - {line}" for line in self.was.splitlines()] + [
            f"  + {line}" for line in self.becomes.splitlines()
        ]
        return "\n".join(lines)


Change = tuple[str, ast.AST]


def changes(node: ast.AST, scope: set[str]) -> Iterator[Change]:
    """Every other node that this one may become, with what kind of change that is. Always the same, in order."""

    def with_(**fields: Any) -> Any:
        return ast.copy_location(
            type(node)(**{**{name: getattr(node, name, None) for name in node._fields}, **fields}), node
        )

    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                yield "comparison", with_(ops=[*ops[:i], COMPARISONS[type(op)](), *ops[i + 1 :]])
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            yield "arithmetic", with_(op=ARITHMETIC[type(op)]())
        case ast.BoolOp(op=op):
            yield "and/or", with_(op=ast.And() if isinstance(op, ast.Or) else ast.Or())
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield "dropped sign or not", operand
        case ast.Constant(value=bool(value)):
            yield "constant", with_(value=not value)
        case ast.Constant(value=int(value)):
            yield "constant", with_(value=value + 1)
        case ast.Constant(value=float(value)):
            yield "constant", with_(value=value * 2 or 1.0)
        case ast.Constant(value=str(value)):
            yield "constant", with_(value="?" + value)
        case ast.Call(args=args, keywords=keywords):
            for i, keyword in enumerate(keywords):
                if keyword.arg not in (None, "strict"):
                    yield "dropped keyword", with_(keywords=keywords[:i] + keywords[i + 1 :])
            for i in range(len(args) - 1):
                if not isinstance(args[i], ast.Starred) and not isinstance(args[i + 1], ast.Starred):
                    yield "swapped arguments", with_(args=[*args[:i], args[i + 1], args[i], *args[i + 2 :]])
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            if not isinstance(test, ast.UnaryOp | ast.Compare):
                yield "negated condition", with_(test=ast.UnaryOp(ast.Not(), test))
        case ast.comprehension(ifs=ifs) if ifs:
            yield "dropped filter", with_(ifs=ifs[1:])
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "returned None", with_(value=ast.Constant(None))
        case ast.Raise() | ast.Delete() | ast.Break() | ast.Continue():
            yield "deleted statement", ast.copy_location(ast.Pass(), node)
        case ast.Expr(value=ast.Call()):
            yield "deleted statement", ast.copy_location(ast.Pass(), node)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "deleted statement", ast.copy_location(ast.Pass(), node)
        case ast.Name(id=name, ctx=ast.Load()) if OTHER.get(name) in scope:
            yield "other side", with_(id=OTHER[name])
        case ast.Attribute(attr=name, ctx=ast.Load()) if name in OTHER:
            yield "other side", with_(attr=OTHER[name])
    if isinstance(node, ast.AugAssign):
        yield "deleted statement", ast.copy_location(ast.Pass(), node)


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str, ast.stmt, set[str]]]:
    """Nodes that are run: with the function they are in, their statement and the names of that function."""

    def visit(node: ast.AST, where: str, statement: ast.stmt | None, scope: set[str]) -> Iterator[Any]:
        skipped: set[str] = set()
        match node:
            case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.Expr(value=ast.Constant()):
                return
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                return
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                return
            case ast.keyword(arg="strict"):  # zip's: what it guards against does not happen
                return
            case ast.AnnAssign() | ast.arg():
                skipped = {"annotation"}
            case ast.FunctionDef() | ast.ClassDef():
                where = f"{where}.{node.name}".lstrip(".")
                skipped = {"decorator_list", "returns"}
        if isinstance(node, ast.FunctionDef):
            names = (n for n in ast.walk(node) if isinstance(n, ast.arg | ast.Name))
            scope = {n.arg if isinstance(n, ast.arg) else n.id for n in names}
        if isinstance(node, ast.stmt):
            statement = node
        if statement is not None:
            yield node, where, statement, scope
        for name, value in ast.iter_fields(node):
            if name not in skipped:
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        yield from visit(child, where, statement, scope)

    return visit(tree, "", None, set())


def headline(statement: ast.AST) -> str:
    """A statement as text; of a compound one what comes before its body."""
    bare = copy.copy(statement)
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        if isinstance(getattr(bare, name, None), list):
            setattr(bare, name, [])
    bare = ast.copy_location(bare, statement)
    return ast.unparse(ast.fix_missing_locations(bare)).strip()


def copied(node: Any, old: ast.AST, new: ast.AST) -> Any:
    """The same tree with `new` in place of `old`; nothing of the original is changed."""
    if node is old:
        return new
    if isinstance(node, list):
        return [copied(item, old, new) for item in node]
    if not isinstance(node, ast.AST):
        return node
    return ast.copy_location(
        type(node)(**{name: copied(value, old, new) for name, value in ast.iter_fields(node)}), node
    )


def mutants_of(target: Target) -> list[Mutant]:
    """All changes of a module, in a fixed order."""
    tree = ast.parse((ROOT / target.module).read_text("utf-8"))
    found = []
    for place, (node, where, statement, scope) in enumerate(places(tree)):
        for choice, (kind, new) in enumerate(changes(node, scope)):
            was, becomes = headline(statement), headline(copied(statement, node, new))
            line = getattr(node, "lineno", statement.lineno)
            found.append(Mutant(target, place, choice, kind, where, line, was, becomes))
    return found


def code_of(mutant: Mutant) -> CodeType:
    """The changed module, compiled."""
    path = ROOT / mutant.target.module
    tree = ast.parse(path.read_text("utf-8"))
    node, _, _, scope = next(islice(places(tree), mutant.place, None))
    new = next(islice(changes(node, scope), mutant.choice, None))[1]
    return compile(ast.fix_missing_locations(copied(tree, node, new)), str(path), "exec", dont_inherit=True)


def warm_up() -> None:
    """Import what every fork needs; nothing of the package."""
    for name in HEAVY:
        importlib.import_module(name)
    from hypothesis import Phase, settings

    # No example is kept for the next change, and none is made small: that a test fails is all there is to know.
    settings.register_profile(
        "mutants", database=None, derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate)
    )


def tested(target: Target, mutant: Mutant | None, folder: str) -> NoReturn:
    """In a fork: run the tests of a module, changed or as it is, and end with pytest's exit status."""
    import pytest

    status = 3
    try:
        os.setsid()
        os.chdir(folder)
        silence = os.open("output.txt", os.O_WRONLY | os.O_CREAT)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        sys.dont_write_bytecode = True
        sys.path[0] = str(ROOT)
        served = []
        if mutant is not None:
            path, code, get_code = str(ROOT / target.module), code_of(mutant), SourceFileLoader.get_code

            def changed(loader: SourceFileLoader, name: str) -> CodeType | None:
                if loader.path != path:
                    return get_code(loader, name)
                served.append(name)
                return code

            SourceFileLoader.get_code = changed  # type: ignore[method-assign]
        paths = [str(ROOT / test) for test in target.tests]
        config = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "--basetemp", f"{folder}/tmp"]
        status = int(pytest.main([*PYTEST, *config, *paths]))
        status = NOT_LOADED if mutant is not None and not served else status
    finally:
        os._exit(status)


def run_all(todo: list[tuple[Target, Mutant | None, float]], jobs: int) -> Iterator[tuple[int, str, float]]:
    """Number, outcome and seconds of each run, as they end: `passed`, `failed`, `timeout` or `not loaded`."""
    running: dict[int, tuple[int, float, Any]] = {}
    waiting = list(enumerate(todo))[::-1]
    while waiting or running:
        while waiting and len(running) < jobs:
            number, (target, mutant, _) = waiting.pop()
            folder = tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True)
            pid = os.fork()
            if pid == 0:
                tested(target, mutant, folder.name)
            running[pid] = (number, time.monotonic(), folder)
        time.sleep(0.02)
        for pid, (number, began, folder) in list(running.items()):
            seconds = time.monotonic() - began
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended == 0 and seconds <= todo[number][2]:
                continue
            outcome = {0: "passed", NOT_LOADED: "not loaded"}.get(os.waitstatus_to_exitcode(status), "failed")
            if ended == 0:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                outcome = "timeout"
            del running[pid]
            folder.cleanup()
            yield number, outcome, seconds


def baselines(targets: list[Target], jobs: int) -> dict[Target, float]:
    """How long the tests of each module take; they must pass."""
    seconds = {}
    for number, outcome, taken in run_all([(target, None, 600.0) for target in targets], jobs):
        if outcome != "passed":
            sys.exit(f"the tests of {targets[number].module} do not pass as they are: run them, and correct that first")
        seconds[targets[number]] = taken
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=300, help="how many changes; 0 for all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--only", action="append", help="modules whose path holds this text")
    parser.add_argument("--at-least", type=float, default=0.0, help="percent that must be seen, else exit 1")
    parser.add_argument("--list", action="store_true", help="print the changes and run nothing")
    parser.add_argument("--out", type=Path, help="a JSON file for the figures")
    options = parser.parse_args()

    told = tomllib.loads((HERE / "mutants.toml").read_text("utf-8"))
    targets = [Target(entry["module"], tuple(entry["tests"])) for entry in told["targets"]]
    targets = [t for t in targets if not options.only or any(text in t.module for text in options.only)]
    reasons = {(e["where"], e["was"], e["becomes"]): e["reason"] for e in told.get("equivalent", [])}
    mutants = [mutant for target in targets for mutant in mutants_of(target)]
    stale = reasons.keys() - {mutant.key for mutant in mutants}
    if stale and not options.only:
        sys.exit("mutants.toml names changes that no longer exist:\n" + "\n".join(map(str, sorted(stale))))
    total = len(mutants)
    if 0 < options.sample < total:
        chosen = sorted(random.Random(options.seed).sample(range(total), options.sample))
        mutants = [mutants[i] for i in chosen]
    if options.list:
        print("\n".join(map(str, mutants)))
        return

    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", HF_HUB_OFFLINE="1")
    began = time.monotonic()
    warm_up()
    base = baselines([target for target in targets if any(m.target == target for m in mutants)], options.jobs)
    outcomes: dict[Mutant, str] = {}
    todo = [(mutant.target, mutant, 10.0 + 5.0 * base[mutant.target]) for mutant in mutants]
    for number, outcome, seconds in run_all(todo, options.jobs):  # type: ignore[arg-type]
        outcomes[mutants[number]] = outcome
        print(f"{len(outcomes)}/{len(todo)} {outcome} {seconds:.1f} s", end="\r", file=sys.stderr)

    survivors = [mutant for mutant in mutants if outcomes[mutant] in ("passed", "not loaded")]
    equivalent = [mutant for mutant in survivors if mutant.key in reasons]
    for mutant in survivors:
        print(
            f"{mutant}\n  " + (f"changes nothing: {reasons[mutant.key]}" if mutant in equivalent else outcomes[mutant])
        )
    for target in base:
        mine = [mutant for mutant in mutants if mutant.target == target]
        left = sum(mutant in survivors for mutant in mine)
        print(f"{target.module}: {len(mine) - left} of {len(mine)} seen, tests {base[target]:.1f} s")
    seen = len(mutants) - len(survivors)
    percent = 100.0 * seen / max(len(mutants), 1)
    print(
        f"{seen} of {len(mutants)} changes seen ({percent:.1f} %; {total} in all, seed {options.seed}), "
        f"{len(equivalent)} of {len(survivors)} survivors change nothing; {time.monotonic() - began:.0f} s"
    )
    if options.out:
        found = {"seen": seen, "of": len(mutants), "all": total, "outcomes": Counter(outcomes.values())}
        options.out.write_text(json.dumps({**found, "survivors": [str(mutant) for mutant in survivors]}, indent=1))
    if percent < options.at_least:
        sys.exit(f"fewer than {options.at_least:g} % were seen")


if __name__ == "__main__":
    main()
