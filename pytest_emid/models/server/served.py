"""Who answered: the name, configuration and provider that a server tells, and whether that is the model asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from pytest_emid.errors import ModelError
from pytest_emid.models.base import Served

__all__ = ["is_version_of", "names_of", "served_by"]

LONGEST: Final = 200
"""Characters of a name that are kept."""

_MONTH, _DAY = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_VERSION: Final = re.compile(
    rf"""
    [-@:] 20[0-9]{{2}} -? {_MONTH} (?: -? {_DAY} )?  # -2024-08-06, -20240806, -2024-08
    | - {_MONTH} -20[0-9]{{2}}                       # -08-2024
    | - (?: {_MONTH} {_DAY} | 2[0-9] {_MONTH} )      # -0613, -2407
    | -00[0-9]                                       # -002
    | @ (?: [0-9a-f]{{7,64}} | sha256:[0-9a-f]{{7,64}} | v?[0-9]+ (?: \.[0-9]+ )* | main | latest | default )
    | :latest
    """,
    re.VERBOSE,
)


def is_version_of(name: str, said: str) -> bool:
    """Whether a server that says `said` answers as the model `name`: itself, or with a date or a revision behind it.

    What else may follow a name is another model: smaller, quantised, fine-tuned.

    >>> is_version_of("gpt-4o", "gpt-4o-2024-08-06"), is_version_of("gpt-4o", "gpt-4o-mini-2024-07-18")
    (True, False)
    """
    return said == name or (said.startswith(name) and _VERSION.fullmatch(said, len(name)) is not None)


def served_by(completion: Any, scrub: Callable[[str], str]) -> Served | None:
    """What a completion says of who answered; None where it says nothing.

    Args:
        completion: as the client made it.
        scrub: takes secrets out of a text.
    """
    told = (getattr(completion, name, None) for name in ("model", "system_fingerprint", "provider"))
    said = [scrub(str(value)).strip()[:LONGEST] if value is not None else "" for value in told]
    return Served(*said) if any(said) else None


def names_of(served_as: object) -> tuple[str, ...]:
    """The argument `served_as` as names; none where it is None.

    Raises:
        ModelError: no name, or several.
    """
    if served_as is None:
        return ()
    names = (served_as,) if isinstance(served_as, str) or not isinstance(served_as, Sequence) else tuple(served_as)
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise ModelError(
            f"served_as is {served_as!r}; it is the name under which the server may answer, or a list of such names."
        )
    return names
