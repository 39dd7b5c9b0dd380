"""Names and fingerprints that can tell one model or encoder from another: texts that say something."""

from __future__ import annotations

from typing import Any

from pytest_emid.errors import ModelError

__all__ = ["check_identity", "named_fingerprint"]


def named_fingerprint(fingerprint: object) -> str | None:
    """The argument `fingerprint` of a function: a text, or None where there is none.

    Raises:
        ModelError: another type, or a text that says nothing, which would be everybody's.
    """
    if fingerprint is None:
        return None
    _check("fingerprint", fingerprint, "Leave it out where the function has none.")
    return str(fingerprint)


def check_identity(backend: Any) -> None:
    """See that a model or an encoder says what it is, before answers and vectors are kept under it.

    Raises:
        ModelError: its name or fingerprint is no text, or says nothing.
    """
    for attribute in ("name", "fingerprint"):
        value = getattr(backend, attribute, None)
        _check(f"{attribute} of {type(backend).__name__}", value, "Answers and vectors are kept under it.")


def _check(what: str, value: object, why: str) -> None:
    if isinstance(value, str) and value.strip():
        return
    shown = repr(value) if isinstance(value, str) or value is None else f"{type(value).__name__}: {str(value)[:80]!r}"
    raise ModelError(f"the {what} is a text that is not empty, such as 'my-model-2026-05-01', not {shown}. {why}")
