"""The house, read from the imports: floors, circles, and what may be imported where."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_emid

ROOT = Path(pytest_emid.__file__).parent
FLOORS = (
    {"errors", "version"},
    {"information"},
    {"data"},
    {"shifts", "models"},
    {"encoders"},
    {"cache"},
    {"measuring"},
    {"plugin", "training", "__init__", "__main__"},
)
"""Packages and files of the package, the ground first; one floor imports only floors below it, and itself."""
LONGEST = 400
LIGHT = {"pytest_emid", "pytest_emid.plugin", "pytest_emid.version"}
"""What is loaded in every pytest run may import these, the standard library and pytest, and nothing else at the top."""
IN_EVERY_RUN = (
    "plugin/hooks.py",
    "plugin/provided.py",
    "plugin/config.py",
    "plugin/option.py",
    "plugin/options.py",
    "plugin/parsing.py",
    "__init__.py",
    "plugin/__init__.py",
)

FILES = sorted(ROOT.rglob("*.py"))


def module_of(path: Path) -> str:
    parts = ["pytest_emid", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def statements(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, bool]]:
    """Every import, with whether it is at the top of its file; those for typing only are left out."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, True
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from statements(node.orelse)
        else:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield inner, False


def imports(path: Path, only_top: bool = False) -> set[str]:
    """The modules of anybody that a file imports, in functions too."""
    found: set[str] = set()
    for node, top in statements(ast.parse(path.read_text(encoding="utf-8")).body):
        if only_top and not top:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            base = node.module or ""
            found |= {f"{base}.{a.name}" if f"{base}.{a.name}" in MODULES else base for a in node.names}
    return found


def ours(path: Path, only_top: bool = False) -> set[str]:
    """The modules of this package that a file imports."""
    return {name for name in imports(path, only_top) if name.partition(".")[0] == "pytest_emid"}


def place(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def floor(module: str) -> int:
    return next(i for i, names in enumerate(FLOORS) if place(module) in names)


def test_the_package_holds_the_house_and_nothing_else() -> None:
    named = {path.name for path in ROOT.iterdir() if path.name != "__pycache__"}
    packages = {name for names in FLOORS for name in names} - {"errors", "version", "__init__", "__main__"}
    assert named == packages | {"assets", "py.typed", "errors.py", "version.py", "__init__.py", "__main__.py"}


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"pytest_emid", "pytest_emid.__main__"}))
def test_a_floor_imports_only_floors_below_it(module: str) -> None:
    mine = floor(module)
    for other in ours(MODULES[module]) - {"pytest_emid"}:
        assert floor(other) < mine or place(other) == place(module), f"{module} imports {other}"


def test_information_imports_only_errors() -> None:
    for module, path in MODULES.items():
        if place(module) == "information":
            outside = {name for name in ours(path) if place(name) != "information"}
            assert outside <= {"pytest_emid.errors"}, f"{module} imports {outside}"


def test_there_are_no_circles_between_files() -> None:
    graph = {module: ours(path) - {module} for module, path in MODULES.items() if module != "pytest_emid"}
    done: set[str] = set()

    def visit(module: str, route: tuple[str, ...]) -> None:
        assert module not in route, " -> ".join((*route[route.index(module) :], module))
        if module in done or module not in graph:
            return
        for other in sorted(graph[module]):
            visit(other, (*route, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())


@pytest.mark.parametrize("name", IN_EVERY_RUN)
def test_what_every_run_loads_imports_nothing_heavy(name: str) -> None:
    import sys

    allowed = LIGHT | {module_of(ROOT / other) for other in IN_EVERY_RUN}
    for module in imports(ROOT / name, only_top=True):
        root = module.partition(".")[0]
        assert module in allowed or root in sys.stdlib_module_names or root == "pytest", f"{name} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_too_long_for_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_test_modules_have_names_of_their_own() -> None:
    # pytest imports them by name: of two, the second could not be collected
    names = [path.name for path in Path(__file__).parents[1].rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
