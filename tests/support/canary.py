"""A secret, every form in which software writes one, and whether a text holds any of them. Nothing here scrubs."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

CANARY = "sk-Canary/4711+Ab9&zQ8vX"
"""Of letters of both cases, digits, and signs that each encoding treats in its own way."""


def forms(secret: str = CANARY) -> dict[str, str]:
    """By name."""
    raw = secret.encode()
    return {
        "plain": secret,
        "upper": secret.upper(),
        "lower": secret.lower(),
        "url": quote(secret, safe=""),
        "url of every byte": "".join(f"%{byte:02X}" for byte in raw),
        "json": json.dumps(secret + '"'),
        "json with escaped slashes": secret.replace("/", "\\/"),
        "html": html.escape(secret),
        "repr of bytes": repr(f"Bearer {secret}\n".encode()),
        "escaped": "".join(f"\\x{byte:02x}" for byte in raw),
        "hexadecimal": raw.hex(),
        "base64": base64.b64encode(raw).decode(),
        "base64 behind one byte": base64.b64encode(b":" + raw).decode(),
        "base64 of a header": base64.b64encode(b"Authorization: Bearer " + raw + b"\r\n").decode(),
        "base64 for URLs": base64.urlsafe_b64encode(raw + b"?").decode(),
        "split in two": f"{secret[:11]}\n  {secret[11:]}",
        "split by an escape": f"{secret[:7]}\\n{secret[7:]}",
    }


def held(text: str, secret: str = CANARY) -> list[str]:
    """The forms of a secret that a text holds; also halves of it, as a cut would leave them."""
    bare = re.sub(r"\s|\\[nrt]|\*", "", text)
    readings = {text, bare, unquote(bare), html.unescape(bare), bare.replace("\\/", "/"), bare.replace('\\"', '"')}
    readings |= {re.sub(r"\\x([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), reading) for reading in readings}
    found = {name for name, form in forms(secret).items() if form in text}
    parts = (secret, secret[: len(secret) * 2 // 3], secret[len(secret) // 3 :])
    for reading in [*readings, *_decoded(bare)]:
        found |= {f"{part!r} when read" for part in parts if part.lower() in reading.lower()}
    return sorted(found)


def _decoded(text: str) -> Iterator[str]:
    """What runs of base64 and of hexadecimal digits mean, from each of their letters on."""
    for run in re.findall(r"[A-Za-z0-9_+/-]{16,}", text):
        for start in range(4):
            part = run[start:].replace("-", "+").replace("_", "/")
            yield base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1")
        for digits in re.findall(r"(?i)[0-9a-f]{16,}", run):
            yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1")
