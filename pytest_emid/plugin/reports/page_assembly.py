"""What pages have in common: templates, style, the policy that lets nothing else in, and pictures within a budget."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined

from pytest_emid.plugin.reports.thumbnails import size_of

__all__ = ["PICTURES", "assembled", "within_budget"]

PICTURES: Final = 4_000_000
"""Bytes of pictures in a page; those of samples that matter less are left out."""


def assembled(template: str, *, scripted: bool = False, **context: Any) -> str:
    """A page: the template with its values, all of them escaped.

    Args:
        template: a file beside this one.
        scripted: whether the page has the script; without it the policy allows none.
        context: what the template shows.
    """
    environment = Environment(
        loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = _source("page.css").strip()
    script = _source("page.js").strip() if scripted else ""
    return environment.get_template(template).render(
        style=style, script=script, style_hash=_hash(style), script_hash=_hash(script), **context
    )


def within_budget(
    cards: Sequence[Sequence[dict[str, Any]]], pictures: Mapping[str, str]
) -> tuple[list[dict[str, Any]], int]:
    """Pictures that the cards show, each once, worst samples first until the budget is spent; how many did not fit.

    Args:
        cards: by scenario, worst first; their digests are replaced by the pictures, or by None.
        pictures: by digest, data URIs.

    Raises:
        ValueError: one that is shown is no picture.
    """
    taken: dict[str, dict[str, Any]] = {}
    spent, refused = 0, set()
    most = max(map(len, cards), default=0)
    for rank in range(most):
        for card in (of[rank] for of in cards if rank < len(of)):
            for digest in (card["clean_picture"], card["shifted_picture"]):
                uri = pictures.get(digest)
                if not digest or uri is None or digest in taken or digest in refused:
                    continue
                if spent + len(uri) > PICTURES:
                    refused.add(digest)
                    continue
                spent += len(uri)
                width, height = size_of(uri)
                taken[digest] = {"id": f"p{len(taken)}", "uri": uri, "width": width, "height": height}
    for card in (card for of in cards for card in of):
        for side in ("clean_picture", "shifted_picture"):
            card[side] = taken.get(card[side])
        card["one_picture"] = card["clean_picture"] is not None and card["clean_picture"] is card["shifted_picture"]
    return list(taken.values()), len(refused)


def _source(name: str) -> str:
    return (files("pytest_emid.plugin.reports") / name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
