"""Text that does not show: API keys, and addresses that hold credentials. The one place that hides them."""

from __future__ import annotations

import base64
import html
import logging
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

__all__ = [
    "HIDDEN",
    "Address",
    "Scrubber",
    "Secret",
    "conceal",
    "conceal_address",
    "conceal_values",
    "names_a_secret",
    "quieten",
    "split_address",
]

HIDDEN: Final = "***"
SHORTEST: Final = 6
"""Shorter texts hide nothing: a server that needs no key is given words such as `none` and `EMPTY`."""
SHORTEST_ENCODED: Final = 8
"""Shorter secrets are hidden as they are only: in any spelling they would be words of an answer."""
CHATTY: Final = ("openai", "httpx", "httpcore")
"""What the names of loggers begin with through which a client tells of requests and of what came back."""

_GAP: Final = r"(?:\s|\\[nrt]|%0[aAdD]|%20)*"
"""What may stand between two letters of a secret that a line's end, or a gateway, tore apart."""
_SHARED: Final = r"[\w+/-]"
"""A letter of base64."""


_NAMES: Final = re.compile(r"key|token|secret|auth|password|passwd|credential|cookie|sig", re.IGNORECASE)
"""What the names of headers and parameters hold whose values are secrets."""


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


def conceal_values(named: Mapping[str, Any] | None) -> dict[str, Secret]:
    """Headers or parameters whose values do not show."""
    return {str(name): Secret(value) for name, value in (named or {}).items()}


def names_a_secret(name: str) -> bool:
    """Whether the value of a header or a parameter of this name is a secret.

    >>> names_a_secret("api-key"), names_a_secret("api-version")
    (True, False)
    """
    return _NAMES.search(name) is not None


class Address(NamedTuple):
    """An address without its credentials, and these, decoded: a header says them, no address and no log does."""

    url: str
    user: Secret
    password: Secret
    said: tuple[Secret, ...]
    """The credentials as they stood in the address."""


def split_address(address: str) -> Address:
    """Take the credentials out of an address.

    >>> split_address("http://me:p%40ss@host:1/v1").url
    'http://host:1/v1'
    """
    parts = urlsplit(address)
    said, at, host = parts.netloc.rpartition("@")
    user, _, password = said.partition(":")
    url = urlunsplit(parts._replace(netloc=host)) if at else address
    return Address(url, Secret(unquote(user)), Secret(unquote(password)), (Secret(user), Secret(password)))


class Scrubber:
    """Takes secrets out of texts, in the forms in which software writes them.

    A secret of eight characters or more is found as it is, in capitals or small letters, torn apart by white space,
    escaped for a URL, for JSON, for HTML or by `repr`, in hexadecimal digits, and inside what is encoded in base64.

    Args:
        secrets: texts to hide; those of fewer than six characters are no secrets.

    >>> Scrubber(["sk-0123456789"]).scrub("as SK-01234 56789, sk%2D0123456789 or c2stMDEyMzQ1Njc4OQ==")
    'as ***, *** or ***'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        texts = {Secret(text) for text in secrets if len(text) >= SHORTEST}
        self._secrets = sorted(texts, key=lambda text: (-len(text), str(text)))

    def __repr__(self) -> str:
        return f"Scrubber({self._secrets})"

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        # compiling takes a tenth of a second
        return [re.compile(form) for text in self._secrets for form in _forms(text)]

    def scrub(self, text: str) -> str:
        """The text without them."""
        for pattern in self._patterns:
            text = pattern.sub(HIDDEN, text)
        return text


def _forms(secret: str) -> list[str]:
    """Patterns of the forms in which a secret may stand in a text."""
    if len(secret) < SHORTEST_ENCODED:
        return [re.escape(secret)]
    letters = _GAP.join(map(_letter, secret))
    digits = _GAP.join(f"{byte:02x}" for byte in secret.encode())
    return [f"(?i:{letters})", f"(?i:{digits})", *_base64(secret.encode())]


def _letter(character: str) -> str:
    """One character, as it is or escaped."""
    forms = [re.escape(character)]
    forms += ["".join(f"{sign}{byte:02x}" for byte in character.encode()) for sign in ("%", r"\\x")]
    forms += [rf"\\u{ord(character):04x}", rf"&\#0*{ord(character)};", rf"&\#x0*{ord(character):x};"]
    forms += [re.escape(escaped) for escaped in {html.escape(character)} - {character}]
    if character in "\"'\\/":
        forms.append(re.escape(f"\\{character}"))
    return f"(?:{'|'.join(forms)})"


def _base64(raw: bytes) -> list[str]:
    """What base64 makes of it, whatever stands before and after it, which has a part in a letter at either end."""
    forms = []
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        letters = [{"+": "[-+]", "/": "[_/]"}.get(letter, letter) for letter in whole[first:last]]
        shared = [_SHARED] * (before > 0), [_SHARED] * (last < len(whole))
        forms.append(f"(?i:{_GAP.join([*shared[0], *letters, *shared[1]])})=*")
    return forms


class _Quiet(logging.Filter):
    """Scrubs what passes a logger."""

    def __init__(self) -> None:
        super().__init__()
        self.scrubbers: dict[frozenset[str], Scrubber] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        trace = record.exc_text
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
        try:
            said = record.getMessage()
        except (TypeError, ValueError, KeyError):  # its own mistake, which logging reports
            said = f"{record.msg} {record.args}"
        for scrubber in tuple(self.scrubbers.values()):
            said = scrubber.scrub(said)
            trace = scrubber.scrub(trace) if trace else trace
        record.msg, record.args, record.exc_info, record.exc_text = said, (), None, trace
        return True


_QUIET: Final = _Quiet()


def quieten(secrets: Iterable[str]) -> Scrubber:
    """A scrubber of these secrets, which from now on also goes over what clients log at any level."""
    key = frozenset(Secret(text) for text in secrets if len(text) >= SHORTEST)
    if key not in _QUIET.scrubbers:
        _QUIET.scrubbers[key] = Scrubber(key)
    scrubber = _QUIET.scrubbers[key]
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if name.startswith(CHATTY) and isinstance(logger, logging.Logger) and _QUIET not in logger.filters:
            logger.addFilter(_QUIET)
    return scrubber
