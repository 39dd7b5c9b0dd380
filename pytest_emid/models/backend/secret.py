"""Text that does not show: API keys, and addresses that hold credentials."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["HIDDEN", "Secret", "conceal", "conceal_address"]

HIDDEN: Final = "***"


class Secret(str):
    """A text whose representation hides it, as `pytest --showlocals` and tracebacks with values print it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


def conceal(key: str | None) -> Secret | None:
    """An API key that does not show; None where there is none."""
    return None if key is None else Secret(key)


def conceal_address(address: Any) -> Any:
    """An address, or several, that show only where they can hold no secret: no credentials and no query."""
    if isinstance(address, list | tuple):
        return [conceal_address(one) for one in address]
    return Secret(address) if isinstance(address, str) and ("@" in address or "?" in address) else address
