"""What the command line left open is asked, each with an answer that the surroundings suggest."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_emid.errors import DataError
from pytest_emid.plugin.starting.wanted import CI, KINDS, Wanted

__all__ = ["wanted_from"]

Ask = Callable[[str], str]

NAMES = {
    "function": "Function (images, questions) -> answers, as module:function (empty: it is still to be written)",
    "checkpoint": "Folder or Hub id",
    "server": "The model's name on the server",
    "recorded": "File of the clean answers",
}


def wanted_from(given: argparse.Namespace, ask: Ask | None) -> Wanted:
    """What the command line says; the rest is asked where somebody is there to answer.

    Args:
        given: folder, model, name, base_url, shifted, data and ci of the command line, None where not given.
        ask: shows a question and returns the answer; None where nobody answers.

    Raises:
        DataError: the kind of model is open and nobody answers, or an answer is none of the choices.
    """
    if given.model is None and ask is None:
        raise DataError(f"--model is missing: {', '.join(KINDS)}.")
    kind = given.model or _choice(ask, f"{_kinds()}\nWhat answers?", tuple(KINDS), _guessed_kind())
    ask_rest = ask if given.model is None else None
    name = given.name if given.name is not None else _words(ask_rest, NAMES[kind])
    base_url = given.base_url or ""
    if kind == "server" and given.base_url is None:
        base_url = _words(ask_rest, "Its address (empty: OpenAI's own)", os.environ.get("OPENAI_BASE_URL", ""))
    shifted = list(given.shifted)
    while kind == "recorded" and ask_rest is not None and not given.shifted:
        answer = _words(ask_rest, "Shifted answers, as SCENARIO=FILE (empty: no more)")
        if not answer:
            break
        shifted.append(answer)
    data = (
        given.data if given.data is not None else _words(ask_rest, "Data: a table, folder or hub:... (empty: built in)")
    )
    ci = given.ci or (_choice(ask_rest, "CI?", tuple(CI), _guessed_ci()) if ask_rest else _guessed_ci())
    pairs = dict(map(_pair, shifted))
    return Wanted(folder=given.folder, kind=kind, name=name, base_url=base_url, shifted=pairs, data=data, ci=ci)


def _pair(text: str) -> tuple[str, Path]:
    scenario, equals, path = text.partition("=")
    if not (scenario and equals and path):
        raise DataError(f"--shifted {text!r} must read SCENARIO=FILE, such as keyboard:1=keyboard.jsonl.")
    return scenario, Path(path)


def _guessed_kind() -> str:
    """A server where the environment names one."""
    return "server" if os.environ.get("OPENAI_BASE_URL") else "function"


def _guessed_ci() -> str:
    """That of which files are here, or to whose host the repository is pushed."""
    config = Path(".git", "config")
    remotes = config.read_text("utf-8", errors="replace") if config.is_file() else ""
    if Path(".github").is_dir() or "github.com" in remotes:
        return "github"
    return "gitlab" if Path(".gitlab-ci.yml").exists() or "gitlab" in remotes else "none"


def _choice(ask: Ask | None, question: str, among: Sequence[str], guess: str) -> str:
    assert ask is not None
    answer = _words(ask, f"{question} ({', '.join(among)})", guess)
    if answer not in among:
        raise DataError(f"{answer!r} is none of {', '.join(among)}.")
    return answer


def _words(ask: Ask | None, question: str, guess: str = "") -> str:
    """Any text; an empty answer takes the guess, and so does nobody's."""
    if ask is None:
        return guess
    return ask(f"{question} [{guess}]: " if guess else f"{question}: ").strip() or guess


def _kinds() -> str:
    return "\n".join(f"  {name:<11} {meaning}" for name, meaning in KINDS.items())
