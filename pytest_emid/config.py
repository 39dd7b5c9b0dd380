"""The options: one table, and one rule for which value wins.

call > marker (the closest) > command line > ini file > default. A value that is None was not given, so that 0 wins
over a default. Every value knows where it came from, and reports print it.

PYTEST_DONT_REWRITE: this module is loaded in every pytest run and asserts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import pytest

__all__ = [
    "CONFIG",
    "KEYWORD",
    "OPTIONS",
    "PAYLOAD",
    "EmidConfig",
    "Option",
    "add_options",
    "from_pytest",
    "marker_options",
]

GROUP: Final = "emid"
DEFAULT: Final = "default"
CALL: Final = "call"


class Option:
    """One option: `--emid-<name>`, ini `emid_<key>`, and for some a keyword of the marker and of calls.

    A plain class: this module is loaded in every pytest run, and making a dataclass takes a millisecond.

    Attributes:
        name: as on the command line, without `--emid-`.
        ini_type: pytest's type of the ini value.
        metavar: what `--help` shows for its value; empty for a switch, which takes none on the command line.
        legal: what is legal, in words; part of every error about it.
        parse: a given value to the one that is used; raises ValueError or TypeError for what is not legal.
        help: what it does, in a sentence.
    """

    def __init__(
        self,
        name: str,
        ini_type: Literal["string", "int", "float", "bool"],
        metavar: str,
        legal: str,
        parse: Callable[[Any], Any],
        help: str,
    ) -> None:
        self.name = name
        self.ini_type = ini_type
        self.metavar = metavar
        self.legal = legal
        self.parse = parse
        self.help = help

    @property
    def key(self) -> str:
        """The name as an identifier: the attribute of `EmidConfig`, and the keyword of the marker."""
        return self.name.replace("-", "_")

    @property
    def flag(self) -> str:
        return f"--emid-{self.name}"

    @property
    def ini(self) -> str:
        return f"emid_{self.key}"


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def _integer(least: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise TypeError
        number = int(value)
        if number < least:
            raise ValueError
        return number

    return parse


def _confidence(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not 0.5 <= number < 1.0:
        raise ValueError
    return number


def _shard(value: Any) -> str:
    from pytest_emid.sharding import parse_shard

    return str(parse_shard(_text(value)))


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not 0.0 < number < float("inf"):
        raise ValueError
    return number


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _one_of(*legal: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in legal:
            raise ValueError
        return str(value)

    return parse


OPTIONS: Final = (
    Option(
        "model",
        "string",
        "NAME",
        "a name such as tiny-llava, a model folder or a Hub id",
        _text,
        "model under test, unless the fixture emid_model is overridden. Built in: tiny-llava, tiny-llava-robust.",
    ),
    Option(
        "dataset",
        "string",
        "NAME",
        "scenes (built in), a file, a folder or hub:OWNER/NAME:SPLIT",
        _text,
        "evaluation set, unless the fixture emid_dataset is overridden: scenes (built in; also scenes:LANGUAGE, "
        "scenes:DOMAIN, scenes:DOMAIN:LANGUAGE), a table (.jsonl, .json, .csv, .tsv, .parquet), a folder in LLaVA's "
        "layout or one that was exported, or hub:OWNER/NAME:SPLIT. In an ini file paths start at rootdir.",
    ),
    Option(
        "encoders",
        "string",
        "NAME",
        "auto, tiny, paper, or a pair 'IMAGE + TEXT' of folders or Hub ids",
        _text,
        "embeddings, unless the fixture emid_encoders is overridden: tiny (built in), paper (CLIP ViT-B/32 and XLM-R "
        "base), a pair 'IMAGE + TEXT', or auto: tiny for scenes, paper for any other dataset (default: auto).",
    ),
    Option(
        "limit",
        "int",
        "N",
        "an integer of at least 0 (0: all samples)",
        _integer(0),
        "measure the first N samples only; 0 measures all (default: 0).",
    ),
    Option(
        "seed",
        "int",
        "N",
        "an integer of at least 0",
        _integer(0),
        "base seed of the shifts (default: 0).",
    ),
    Option(
        "batch-size",
        "int",
        "N",
        "an integer of at least 1",
        _integer(1),
        "samples that the built-in backends answer at once (default: the backend's own).",
    ),
    Option(
        "device",
        "string",
        "DEVICE",
        "a torch device such as cpu or cuda:0",
        _text,
        "where the built-in backends run (default: the backend's own choice).",
    ),
    Option(
        "cache-dir",
        "string",
        "DIR",
        "a directory, a replay pack (.json), or none",
        _text,
        "where answers and embeddings are kept between runs, relative to the root directory; a replay pack is only "
        "read; none keeps nothing (default: .emid). Created by the first measurement, never before.",
    ),
    Option(
        "cache",
        "string",
        "{use,off,read,refresh}",
        "use, off, read or refresh",
        _one_of("use", "off", "read", "refresh"),
        "use keeps and serves answers and embeddings; off keeps nothing on disk; read serves and never asks, and says "
        "what is missing; refresh asks anew and keeps (default: use).",
    ),
    Option(
        "cache-max-mb",
        "float",
        "MB",
        "a number above 0",
        _positive,
        "when the cache is opened, forget what was unused for longest until at most this many megabytes of answers and "
        "embeddings are left (default: no limit). A cache that is only read forgets nothing.",
    ),
    Option(
        "cache-max-days",
        "float",
        "DAYS",
        "a number above 0",
        _positive,
        "when the cache is opened, forget answers and embeddings that were unused for longer (default: no limit).",
    ),
    Option(
        "plan",
        "bool",
        "",
        "true or false",
        _switch,
        "ask nothing: say how many answers are cached and how many would be asked, how long that takes and what it "
        "costs, and skip each test where it would measure. A test that measures several scenarios is counted up to "
        "its first.",
    ),
    Option(
        "json",
        "string",
        "PATH",
        "a path",
        _text,
        "write every result and every decision to this file.",
    ),
    Option(
        "contact-sheet",
        "string",
        "PATH",
        "a path",
        _text,
        "write an HTML page of what the measured shifts do to some samples; with --emid-list-shifts, of every shift.",
    ),
    Option(
        "shard",
        "string",
        "K/N",
        "K/N with integers 1 <= K <= N",
        _shard,
        "run the K-th of N parts of the suite: each scenario and each test is in exactly one, tests that measure "
        "nothing in the first. python -m pytest_emid merge makes one report of the --emid-json files of all N.",
    ),
    Option(
        "undecided",
        "string",
        "{fail,xfail,warn}",
        "fail, xfail or warn",
        _one_of("fail", "xfail", "warn"),
        "what a gate does when its interval holds the threshold, so that n is too small to tell (default: fail).",
    ),
    Option(
        "confidence",
        "float",
        "C",
        "a number from 0.5 to below 1",
        _confidence,
        "two-sided confidence of the intervals that gates decide on (default: 0.95).",
    ),
    Option(
        "family",
        "int",
        "M",
        "an integer of at least 1",
        _integer(1),
        "number of gates that share the error rate: each is decided at confidence 1 - (1 - C) / M, so that the chance "
        "of any wrong verdict among them stays below 1 - C (Bonferroni). Declared, not counted, so that a verdict "
        "does not depend on which other tests run. Left at 1 (default), the summary says which failures would "
        "survive Holm's correction over the gates of the run.",
    ),
)
BY_KEY: Final = {option.key: option for option in OPTIONS}


@dataclass(frozen=True, slots=True)
class EmidConfig:
    """Effective options; the defaults stand here. `origins` says where each value that is not a default came from."""

    model: str | None = None
    dataset: str | None = None
    encoders: str = "auto"
    limit: int = 0
    seed: int = 0
    batch_size: int | None = None
    device: str | None = None
    cache_dir: str = ".emid"
    cache: str = "use"
    cache_max_mb: float | None = None
    cache_max_days: float | None = None
    plan: bool = False
    json: str | None = None
    contact_sheet: str | None = None
    shard: str | None = None
    undecided: str = "fail"
    confidence: float = 0.95
    family: int = 1
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
        parsed = {key: _checked(BY_KEY[key], value, origin(BY_KEY[key])) for key, value in given.items()}
        origins = {**self.origins, **{key: origin(BY_KEY[key]) for key in given}}
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
        keys = ("model", "dataset", "encoders", "limit", "seed", "undecided", "confidence", "family")
        return {key: getattr(self, key) for key in keys}

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
    group.addoption("--emid-list-shifts", action="store_true", help="list every shift, and exit.")


def from_pytest(config: pytest.Config) -> EmidConfig:
    """The options of the run: default < ini < command line.

    Raises:
        pytest.UsageError: a value is not legal.
    """
    ini = {option.key: _ini_value(config, option) for option in OPTIONS}
    line = {option.key: config.getoption(option.flag) for option in OPTIONS}
    return EmidConfig().overridden(ini, lambda option: f"ini {option.ini}").overridden(line, lambda option: option.flag)


def marker_options(
    *,
    limit: int | None = None,
    seed: int | None = None,
    undecided: str | None = None,
    confidence: float | None = None,
    family: int | None = None,
) -> dict[str, Any]:
    """The keywords of `@pytest.mark.emid`. This signature is what validates them; each overrides its option."""
    return {"limit": limit, "seed": seed, "undecided": undecided, "confidence": confidence, "family": family}


MARKER_LINE: Final = (
    "emid(*, limit=None, seed=None, undecided=None, confidence=None, family=None): measures a model with "
    "measure_emid (tests that request that fixture bear the marker by themselves, so -m emid selects them). Each "
    "keyword overrides the option of its name for this test: limit: first N samples, 0 for all; seed: base seed of "
    "the shifts; undecided: 'fail', 'xfail' or 'warn'; confidence: of the intervals, 0.5 to below 1; family: number "
    "of gates that share the error rate. The closest marker wins."
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
                "Its keywords: limit, seed, undecided, confidence, family."
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
        raise pytest.UsageError(f"{origin}: {value!r} is not legal. Legal: {option.legal}.") from None
