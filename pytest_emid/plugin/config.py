"""Which value of an option wins: one rule, and where the value came from.

call > marker (the closest) > command line > ini file > default. A value that is None was not given, so that 0 wins
over a default. Every value knows where it came from, and reports print it.

PYTEST_DONT_REWRITE: this module is loaded in every pytest run and asserts nothing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from pytest_emid.plugin.options import BY_KEY, MARKER_ONLY, OPTIONS, Option

__all__ = [
    "CONFIG",
    "FIXTURE",
    "KEYWORD",
    "OPTIONS",
    "PAYLOAD",
    "SHARED",
    "SHEET",
    "START",
    "EmidConfig",
    "Option",
    "add_options",
    "from_pytest",
    "marker_options",
    "shared_folder",
]

GROUP: Final = "emid"
DEFAULT: Final = "default"
CALL: Final = "call"
MOST: Final = 200
"""Characters of a value that an error repeats."""


@dataclass(frozen=True, slots=True)
class EmidConfig:
    """Effective options; the defaults stand here. `origins` says where each value that is not a default came from."""

    model: str | None = None
    dataset: str | None = None
    columns: str | None = None
    where: str | None = None
    encoders: str = "auto"
    limit: int = 0
    seed: int = 0
    repeat: int = 0
    stop_early: bool = False
    smoke: bool = False
    batch_size: int | None = None
    device: str | None = None
    wait_for_server: float = 0.0
    cache_dir: str = ".emid"
    cache: str = "use"
    cache_max_mb: float | None = None
    cache_max_days: float | None = None
    replay: str | None = None
    pack_key_env: str | None = None
    plan: bool = False
    json: str | None = None
    save: str | None = None
    baseline: str | None = None
    baseline_update: str | None = None
    html: str | None = None
    markdown: str | None = None
    github: str = "auto"
    contact_sheet: str | None = None
    shard: str | None = None
    critic: str = "witness"
    blind: str = "name"
    metrics: str | None = None
    measures: str | None = None
    drift: bool = False
    allow_problems: str = "5%"
    undecided: str = "fail"
    confidence: float = 0.95
    family: int = 1
    unanswered: str = "fail"
    origins: Mapping[str, str] = field(default_factory=dict)

    def overridden(self, values: Mapping[str, Any], origin: Callable[[Option], str]) -> EmidConfig:
        """A copy in which every given value (not None) has taken the place of the present one.

        Args:
            values: by key.
            origin: how reports and errors name the place of an option's value.

        Raises:
            pytest.UsageError: a value is not legal; the message says what is.
        """
        given = {key: value for key, value in values.items() if value is not None}
        if not given:
            return self
        known = {**BY_KEY, MARKER_ONLY.key: MARKER_ONLY}
        parsed = {key: _checked(known[key], value, origin(known[key])) for key, value in given.items()}
        origins = {**self.origins, **{key: origin(known[key]) for key in given}}
        return replace(self, **parsed, origins=origins)

    def for_call(self, **values: Any) -> EmidConfig:
        """A copy with the arguments of a call: the highest precedence."""
        return self.overridden(values, lambda option: f"argument {option.key}")

    def origin(self, key: str) -> str:
        """Where a value came from: `call`, `marker`, `--emid-...`, `ini emid_...` or `default`."""
        origin = self.origins.get(key, DEFAULT)
        return CALL if origin.startswith("argument ") else "marker" if origin.startswith("marker ") else origin

    def start(self, key: str, rootdir: Path) -> Path:
        """The folder at which a relative path begins: rootdir where an ini file says it, else the current one."""
        return rootdir if self.origin(key).startswith("ini ") else Path()

    def describe(self, key: str) -> str:
        """A value with its origin, such as `200 (--emid-limit)`."""
        return f"{getattr(self, key)} ({self.origin(key)})"

    def deciding(self) -> dict[str, Any]:
        """The values that decide what is measured and what a gate says of it; reports of one run agree on them."""
        keys = ("model", "dataset", "encoders", "critic", "limit", "seed", "allow_problems", "undecided", "confidence")
        optional = ("columns", "where", "metrics", "measures", "repeat", "stop_early")
        given = {key: getattr(self, key) for key in optional if getattr(self, key)}
        return {key: getattr(self, key) for key in (*keys, "family", "blind")} | given

    @property
    def gate_confidence(self) -> float:
        """The confidence at which one gate of the family is decided."""
        return self.confidence if self.family == 1 else 1.0 - (1.0 - self.confidence) / self.family


KEYWORD: Final = "fixture:measure_emid"
"""In the keywords of every test that requests the fixture: no node, marker or file can have this name."""

PAYLOAD: Final = "emid"
"""The attribute of a report that holds what its test measured and decided."""

CONFIG: Final = pytest.StashKey[EmidConfig]()
"""Where pytest's config holds the options of the run."""


FIXTURE: Final = "measure_emid"

SHARED: Final = "emid_shared"
"""In a worker's input: a folder for what the processes of this run share; made by who needs it."""

START: Final = pytest.StashKey[float]()
"""Where pytest's config holds when the run began."""

SHEET: Final = pytest.StashKey[Any]()
"""Where pytest's config holds the contact sheet, where one was asked for and something was drawn."""


def shared_folder(config: pytest.Config) -> str:
    """The folder for what the processes of this run share, which only a controller names; made by who needs it."""
    return os.path.join(tempfile.gettempdir(), f"pytest-emid-{os.getpid()}-{config.stash[START]:.6f}")  # noqa: PTH118


def add_options(parser: pytest.Parser) -> None:
    """Register every option with pytest, on the command line and in the ini file.

    Values are parsed here and not by pytest, so that all places give the same errors, and None means "not given".
    """
    group = parser.getgroup(GROUP, "pytest-emid: robustness of multimodal LLMs under distribution shift")
    for option in OPTIONS:
        if option.metavar:
            group.addoption(option.flag, default=None, metavar=option.metavar, help=option.help)
        else:
            group.addoption(option.flag, default=None, action="store_true", help=option.help)
        parser.addini(option.ini, option.help, type=option.ini_type, default=None)
    group.addoption(
        "--emid-list-shifts",
        nargs="?",
        const="",
        default=None,
        metavar="TEXT",
        help="list every shift by family, or those that hold TEXT in name, kind or summary (=TEXT), and exit.",
    )


def from_pytest(config: pytest.Config) -> EmidConfig:
    """The options of the run: default < ini < command line.

    Raises:
        pytest.UsageError: a value is not legal, or needs another.
    """
    ini = {option.key: _ini_value(config, option) for option in OPTIONS}
    line = {option.key: config.getoption(option.flag) for option in OPTIONS}
    made = EmidConfig().overridden(ini, lambda option: f"ini {option.ini}").overridden(line, lambda option: option.flag)
    if made.baseline_update is not None and made.baseline is None:
        raise pytest.UsageError(f"{made.origin('baseline_update')}: name the baseline, too: --emid-baseline=PATH.")
    return made


def marker_options(
    *,
    limit: int | None = None,
    seed: int | None = None,
    repeat: int | None = None,
    undecided: str | None = None,
    confidence: float | None = None,
    family: int | None = None,
    allow_problems: float | str | None = None,
    blind: str | None = None,
    unanswered: str | None = None,
) -> dict[str, Any]:
    """The keywords of `@pytest.mark.emid`. This signature is what validates them; each overrides its option."""
    given = {"limit": limit, "seed": seed, "repeat": repeat, "undecided": undecided, "confidence": confidence}
    rest = {"family": family, "allow_problems": allow_problems, "blind": blind, "unanswered": unanswered}
    return given | rest


MARKER_LINE: Final = (
    "emid(*, limit=None, seed=None, repeat=None, undecided=None, confidence=None, family=None, allow_problems=None, "
    "blind=None, unanswered=None): measures a model with measure_emid (tests that request that fixture bear the "
    "marker by themselves, so -m emid selects them). Each keyword overrides the option of its name for this "
    "test: limit: first N samples, 0 for all; "
    "seed: base seed of the shifts; repeat: how often the clean set is asked again; "
    "undecided: 'fail', 'xfail' or 'warn'; confidence: of the intervals, 0.5 to below "
    "1; family: number of gates that share the error rate; allow_problems: share of answers that may be refused, "
    "truncated or empty; blind: 'name' or 'undecided'; unanswered: 'allow' lets this "
    "test pass though a gate in it did not, or though it measured nothing. The closest marker wins."
)


def from_item(config: EmidConfig, item: pytest.Item) -> EmidConfig:
    """The options of one test: those of the run, overridden by its markers, the closest one last.

    Raises:
        pytest.UsageError: a marker has an unknown keyword, a positional argument, or a value that is not legal.
    """
    for marker in reversed(list(item.iter_markers("emid"))):
        try:
            values = marker_options(*marker.args, **marker.kwargs)
        except TypeError as error:
            raise pytest.UsageError(
                f"{item.nodeid}: @pytest.mark.emid: {str(error).replace('marker_options()', 'emid()')}. "
                "Its keywords: limit, seed, repeat, undecided, confidence, family, allow_problems, blind, unanswered."
            ) from None
        config = config.overridden(values, lambda option: f"marker emid({option.key}=...) of {item.nodeid}")
    return config


def _ini_value(config: pytest.Config, option: Option) -> Any:
    try:
        return config.getini(option.ini)
    except (TypeError, ValueError, pytest.UsageError) as error:
        # pytest's own error does not name the option, and before 9.2 it escapes as an internal error.
        raise pytest.UsageError(f"ini {option.ini}: {error}. Legal: {option.legal}.") from None


def _checked(option: Option, value: Any, origin: str) -> Any:
    try:
        return option.parse(value)
    except (TypeError, ValueError):
        shown = repr(value) if len(repr(value)) <= MOST else f"{repr(value)[:MOST]} ..."
        raise pytest.UsageError(f"{origin}: {shown} is not legal. Legal: {option.legal}.") from None
