"""Rows with pictures and texts of choice, for tests of the page."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from emid_factory import make_result
from PIL import Image

from pytest_emid.measuring.verdicts import Decision, Direction, Verdict
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.thumbnails import data_uri, small

HOSTILE = (
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "<svg onload=window.hacked=1>",
    '"\' onmouseover=\'window.hacked=1\' autofocus onfocus="window.hacked=1" x="',
    "</style><style>@import url(http://evil.invalid/x.css)</style>",
    "</details></main><iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "javascript:window.hacked=1//",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- --><base href=http://evil.invalid/>",
    "<meta http-equiv=refresh content='0;url=http://evil.invalid/'>",
    "\u202ereversed\u2028\u2029\x00\x1b[2J\ud83d",
    "<a href='http://evil.invalid' ping='http://evil.invalid'>x</a><form action=http://evil.invalid>",
)


def rows(count: int, n: int = 90, texts: Sequence[str] = ("A red car.", "A blue car.")) -> list[Row]:
    """One scenario after the other: FAIL, UNDECIDED, PASS and no gate in turn, `blur:1` to `blur:5`, `noise:1` ..."""
    made = []
    for i in range(count):
        name = texts[i % len(texts)] if "<" in texts[0] else f"{('blur', 'noise', 'frost')[i // 5 % 3]}{i // 15 or ''}"
        result = make_result(
            f"{name}:{1 + i % 5}",
            retained=(0.5, 0.9, 0.97, 0.8)[i % 4],
            n=n,
            seed=i,
            responses=[texts[j % len(texts)] for j in range(n)],
        )
        sides = {}
        for side, shift in (("clean", 0), ("shifted", i + 1)):
            records = [
                replace(
                    record,
                    picture=digest(j, shift),
                    category=texts[j % len(texts)] if "<" in texts[0] else ("conversation", "detail")[j % 2],
                    id=f"{record.id} {texts[j % len(texts)]}",
                )
                for j, record in enumerate(getattr(result, side).records)
            ]
            sides[side] = replace(getattr(result, side), records=tuple(records))
        result = replace(result, **sides)
        verdict = (Verdict.FAIL, Verdict.UNDECIDED, Verdict.PASS, None)[i % 4]
        decisions = () if verdict is None else (decision(result, verdict),)
        made.append(
            Row(hashlib.sha256(str(i).encode()).hexdigest()[:16], result, decisions, ("test_x.py::test_x",), ())
        )
    return made


def decision(result: object, verdict: Verdict) -> Decision:
    """Of a gate on information retained."""
    return Decision(
        "information retained",
        verdict,
        result.scenario,
        result.information_retained,
        0.9,
        Direction.ABOVE,
        0,
        "Why.",  # type: ignore[attr-defined]
    )


def digest(sample: int, shift: int) -> str:
    """Of a picture, of which three samples have one."""
    return hashlib.sha256(f"{sample // 3} {shift}".encode()).hexdigest()[:16]


def pictures(count: int, n: int = 90, side: int = 176) -> dict[str, str]:
    """By digest, noise, the hardest to compress, on clean and on all shifted pictures."""
    rng = np.random.default_rng(0)
    found = {}
    for shift in range(count + 1):
        for sample in range(0, n, 3):
            pixels = rng.integers(0, 255, (side // 8, side // 8, 3), np.uint8)
            found[digest(sample, shift)] = data_uri(small(Image.fromarray(pixels).resize((side, side))))
    return found
