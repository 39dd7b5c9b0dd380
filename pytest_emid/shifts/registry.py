"""The registry: one decorated function is a shift, with an id, severities, a listing, composition and a strategy.

Built-in shifts are known by name from `builtin.py` and imported when they are applied. Packages contribute theirs
through the entry-point group `pytest_emid.shifts`: each entry point is a module that registers shifts when it is
imported (or a function that does so when it is called), loaded at the first look-up.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from pytest_emid.errors import ShiftError
from pytest_emid.shifts.builtin import BUILTIN, LEVELS, WRITING, Entry
from pytest_emid.shifts.definition import CODE_VERSIONS, MODALITIES, RESERVED, Definition, check
from pytest_emid.shifts.protection import legal

__all__ = [
    "GROUP",
    "Definition",
    "definitions",
    "get",
    "is_built_in",
    "names",
    "rank",
    "register",
    "register_textual",
    "register_visual",
    "severities",
    "unregister",
    "writes",
]

GROUP: Final = "pytest_emid.shifts"
"""The entry-point group."""

F = TypeVar("F", bound=Callable[..., Any])

_builtin: dict[str, Definition] = {}
_custom: dict[str, Definition] = {}
_packages_loaded: bool | str = False
"""Whether, or what was wrong with them."""


def register(definition: Definition, *, replace: bool = False) -> None:
    """Make a shift known by its name.

    Raises:
        ShiftError: the name, modality, severities or options are malformed, or the name is taken and `replace` is
            False.

    Example:
        >>> from pytest_emid import shifts
        >>> shout = shifts.Definition("shout", "textual", lambda text, severity, rng: text.upper(), severities=())
        >>> shifts.register(shout)
        >>> shifts.parse("shout").apply_text("Why?")
        'WHY?'
        >>> shifts.unregister("shout")
    """
    check(definition)
    entry = BUILTIN.get(definition.name)
    if entry is not None and getattr(definition.function, "__module__", "") == entry.module:
        _builtin[definition.name] = definition
        return
    if not replace and (entry is not None or definition.name in _custom):
        owner = "built in" if definition.name not in _custom else "already registered"
        raise ShiftError(
            f"a shift named {definition.name!r} is {owner}. "
            "Choose another name, or pass replace=True to put yours in its place."
        )
    _custom[definition.name] = definition


def unregister(name: str) -> None:
    """Forget a registered shift; a built-in shift that it replaced is back.

    Raises:
        ShiftError: no such shift was registered.

    Example:
        >>> from pytest_emid import shifts
        >>> _ = shifts.register_textual("hush", ())(lambda text, severity, rng: text.lower())
        >>> shifts.unregister("hush")
        >>> "hush" in shifts.names()
        False
    """
    if name not in _custom:
        raise ShiftError(f"no registered shift is named {name!r}. Registered: {', '.join(_custom) or 'none'}.")
    del _custom[name]


def register_visual(
    name: str,
    severities: Iterable[int] | int = LEVELS,
    *,
    kind: str = "custom",
    options: Mapping[str, tuple[str, ...]] | None = None,
    control: bool = False,
    follow: Callable[..., Mapping[str, Any]] | None = None,
    writes: Callable[..., Callable[[Any], str]] | None = None,
    replace: bool = False,
) -> Callable[[F], F]:
    """Decorate `(image, severity, rng, **options) -> image` to make it a visual shift; see `Definition`.

    Raises:
        ShiftError: as for `register`.

    Example:
        >>> from PIL import Image
        >>> from pytest_emid import shifts
        >>> @shifts.register_visual("dim", severities=(1, 2))
        ... def dim(image, severity, rng):
        ...     return image.point(lambda value: value // (severity + 1))
        >>> shifts.parse("dim:1").apply_image(Image.new("RGB", (1, 1), "white")).getpixel((0, 0))
        (127, 127, 127)
        >>> shifts.unregister("dim")
    """
    more = {"options": options, "control": control, "follow": follow, "writes": writes}
    return _decorator("visual", name, severities, kind, replace, more)


def register_textual(
    name: str,
    severities: Iterable[int] | int = LEVELS,
    *,
    kind: str = "custom",
    options: Mapping[str, tuple[str, ...]] | None = None,
    variants: Mapping[str, tuple[int, ...]] | None = None,
    control: bool = False,
    follow: Callable[..., Mapping[str, Any]] | None = None,
    replace: bool = False,
) -> Callable[[F], F]:
    """Decorate `(text, severity, rng, **options) -> text` to make it a textual shift; see `Definition`.

    Raises:
        ShiftError: as for `register`.

    Example:
        >>> from pytest_emid import shifts
        >>> @shifts.register_textual("drop_first", severities=(1, 2))
        ... def drop_first(text, severity, rng):
        ...     return " ".join(text.split()[severity:])
        >>> shifts.parse("drop_first:2").apply_text("What is on the left?")
        'on the left?'
        >>> shifts.unregister("drop_first")
    """
    more = {"options": options, "variants": dict(variants or {}), "control": control, "follow": follow}
    return _decorator("textual", name, severities, kind, replace, more)


def _decorator(
    modality: str,
    name: str,
    levels: Iterable[int] | int,
    kind: str,
    replace: bool,
    more: dict[str, Any],
) -> Callable[[F], F]:
    if not isinstance(name, str):
        raise ShiftError(f"a shift needs a name: write @register_{modality}('dust') above the function.")

    def decorate(function: F) -> F:
        entry = BUILTIN.get(name)
        own = entry is not None and function.__module__ == entry.module
        definition = Definition(
            name=name,
            modality=modality,
            function=function,
            severities=tuple(levels) if isinstance(levels, Iterable) else (levels,),
            kind=entry.kind if own and entry is not None else kind,
            summary=(inspect.getdoc(function) or "").partition("\n")[0],
            version=CODE_VERSIONS[modality],
            **{**more, "options": dict(more["options"] or {})},
        )
        register(definition, replace=replace)
        return function

    return decorate


def _load_packages() -> None:
    global _packages_loaded
    if isinstance(_packages_loaded, str):  # loading again would find what the others registered, and complain of that
        raise ShiftError(_packages_loaded)
    if _packages_loaded:
        return
    _packages_loaded = True  # before loading: a package may look shifts up while it registers its own
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP):
        try:
            loaded = point.load()
            if callable(loaded):
                loaded()
        except Exception as error:
            where = f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown package"
            problem = _packages_loaded = (
                f"the shifts of {where} ({point.value}) cannot be loaded: {type(error).__name__}: {error}. "
                "Repair or uninstall the package."
            )
            raise ShiftError(problem) from error


def _known(name: str, modality: str | None) -> Definition | Entry:
    """What is known of a shift without importing a built-in one."""
    if not isinstance(name, str):
        raise ShiftError(
            f"a shift's name is text, not {name!r}. Give several names one by one: visual('frost', 'fog')."
        )
    if name in RESERVED:
        raise ShiftError(
            f"{name!r} is no shift with a modality or severities: it changes nothing. Write shifts.parse({name!r})."
        )
    _load_packages()
    known: Definition | Entry | None = _custom.get(name) or _builtin.get(name) or BUILTIN.get(name)
    if known is None or (modality is not None and known.modality != modality):
        others = names(modality)
        what = f"{modality} shift" if modality else "shift"
        note = f" ({name} is {known.modality}.)" if known is not None else ""
        close = difflib.get_close_matches(name, others, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        if name.startswith("translate_"):
            hint = " A translation is known after shifts.translate(...), for example in conftest.py."
        raise ShiftError(f"there is no {what} named {name!r}.{note}{hint} {what.capitalize()}s: {', '.join(others)}.")
    return known


def get(name: str, modality: str | None = None) -> Definition:
    """The definition of a shift; a built-in one is imported.

    Raises:
        ShiftError: no shift (of that modality) has the name; the message lists those that exist.

    Example:
        >>> get("keyboard").kind
        'characters'
    """
    known = _known(name, modality)
    if isinstance(known, Entry):
        importlib.import_module(known.module)
        return _builtin[name]
    return known


def names(modality: str | None = None) -> tuple[str, ...]:
    """The names of all shifts (of one modality: `visual` or `textual`), in canonical order.

    Raises:
        ShiftError: no such modality.

    Example:
        >>> names("textual")[:3]
        ('normalise_only', 'synonym', 'word_insert')
    """
    if modality is not None and modality not in MODALITIES:
        raise ShiftError(f"modality {modality!r} is not one of {', '.join(MODALITIES)}.")
    _load_packages()
    modalities = {name: entry.modality for name, entry in BUILTIN.items()}
    modalities.update({name: definition.modality for name, definition in _custom.items()})
    return tuple(sorted((n for n, m in modalities.items() if modality in (None, m)), key=rank))


def definitions(modality: str | None = None) -> tuple[Definition, ...]:
    """The definitions of all shifts (of one modality), in canonical order; the built-in ones are imported.

    Example:
        >>> [definition.name for definition in definitions("textual")][:3]
        ['normalise_only', 'synonym', 'word_insert']
    """
    return tuple(get(name) for name in names(modality))


def severities(name: str, options: Mapping[str, str] | None = None, modality: str | None = None) -> tuple[int, ...]:
    """The legal levels of a shift in rising order; empty when it has none.

    Raises:
        ShiftError: the shift, an option or its value is unknown; the message lists the legal ones.

    Example:
        >>> severities("keyboard"), severities("keyboard", {"rates": "published"})
        ((1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6, 7))
    """
    if not options:
        return _known(name, modality).severities
    definition = get(name, modality)
    for option, value in options.items():
        if option not in definition.options:
            known = tuple(definition.options) or ("none",)
            raise ShiftError(f"shift {name!r} has no option {option!r}. Its options: {', '.join(known)}.")
        known = legal(option, definition.options[option])
        if value not in known:
            raise ShiftError(f"shift {name!r} has no {option} {value!r}. Its values: {', '.join(known)}.")
    return definition.severities_for(options)


def is_built_in(definition: Definition) -> bool:
    """Whether the library itself registered the shift."""
    return _builtin.get(definition.name) is definition


def modality_of(name: str) -> str:
    """`visual` or `textual`.

    Raises:
        ShiftError: the shift is unknown.
    """
    return _known(name, None).modality


def writes(name: str) -> bool:
    """Whether a shift writes on pictures what depends on the samples: it needs a dataset, or a sample at least.

    Raises:
        ShiftError: the shift is unknown.
    """
    known = _known(name, None)
    return known.kind == WRITING if isinstance(known, Entry) else known.writes is not None


def rank(name: str) -> tuple[int, int, str]:
    """Where a shift stands in the canonical order: visual before textual, built-in ones as listed, then by name.

    A translation comes before the other textual shifts, which then act on the language that the model reads.
    """
    known: Definition | Entry | None = _custom.get(name) or BUILTIN.get(name)
    position = list(BUILTIN).index(name) if name in BUILTIN else len(BUILTIN)
    if known is not None and known.kind == "language":
        position = -1
    return (MODALITIES.index(known.modality) if known is not None else len(MODALITIES), position, name)
