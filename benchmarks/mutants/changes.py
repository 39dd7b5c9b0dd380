"""The changes that `run.py` makes: what each node of a module's syntax tree may become."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Any

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


COMMUTATIVE = ("min", "max", "isclose", "array_equal")
"""Calls in which the order of arguments means nothing."""


@dataclass(frozen=True)
class Mutant:
    """One change: which of `places` becomes which of its `changes`."""

    path: Path
    place: int
    choice: int
    kind: str
    where: str
    line: int
    was: str
    becomes: str

    def is_(self, known: Mapping[str, str]) -> bool:
        """Whether `targets.toml` means this one: by its function and the part of the statement that is changed."""
        if known["where"] != self.where or known["was"] not in self.was:
            return False
        before, _, after = self.was.partition(known["was"])
        return f"{before}{known['becomes']}{after}" == self.becomes

    def __str__(self) -> str:
        path = self.path.relative_to(Path(__file__).resolve().parents[2])
        parts = (f"{path}:{self.line} {self.where}: {self.kind}", f"- {self.was}", f"+ {self.becomes}")
        return "\n".join(parts).replace("\n", "\n  ")


Change = tuple[str, ast.AST]


def called(call: ast.Call) -> str:
    """The last part of a function's name."""
    return ast.unparse(call.func).rpartition(".")[2]


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
            yield "constant", with_(value="x" + value)
        case ast.Call(args=args, keywords=keywords):
            for i, keyword in enumerate(keywords):
                if keyword.arg not in (None, "strict"):
                    yield "dropped keyword", with_(keywords=keywords[:i] + keywords[i + 1 :])
            for i in range(len(args) - 1 if called(node) not in COMMUTATIVE else 0):
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
        case ast.Expr(value=ast.Call()) | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
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
    for name in ("decorator_list", "body", "orelse", "finalbody", "handlers", "cases"):
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


def mutants_of(path: Path) -> list[Mutant]:
    """All changes of a module, in a fixed order."""
    tree = ast.parse(path.read_text("utf-8"))
    found = []
    for place, (node, where, statement, scope) in enumerate(places(tree)):
        for choice, (kind, new) in enumerate(changes(node, scope)):
            was, becomes = headline(statement), headline(copied(statement, node, new))
            line = getattr(node, "lineno", statement.lineno)
            found.append(Mutant(path, place, choice, kind, where, line, was, becomes))
    return found


def code_of(mutant: Mutant) -> CodeType:
    """The changed module, compiled."""
    tree = ast.parse(mutant.path.read_text("utf-8"))
    node, _, _, scope = next(islice(places(tree), mutant.place, None))
    new = next(islice(changes(node, scope), mutant.choice, None))[1]
    return compile(ast.fix_missing_locations(copied(tree, node, new)), str(mutant.path), "exec", dont_inherit=True)
