"""Shifts: seeded, deterministic functions from a dataset to a dataset.

    shifts.visual("defocus_blur", severity=[1, 3, 5])       # three shifts
    shifts.joint(shifts.visual("frost"), "keyboard:1")      # five, each a picture and a text shift
    shifts.parse("defocus_blur:3+keyboard:1")               # one, from its id

Naming shifts imports neither numpy nor Pillow; applying them does.
"""

from __future__ import annotations

from pytest_emid.shifts.base import Shift
from pytest_emid.shifts.ids import parse
from pytest_emid.shifts.listing import joint, textual, visual
from pytest_emid.shifts.natural import NaturalShift, natural
from pytest_emid.shifts.parallel import ParallelText, parallel_text
from pytest_emid.shifts.protection import protect
from pytest_emid.shifts.registry import (
    Definition,
    definitions,
    get,
    names,
    register,
    register_textual,
    register_visual,
    unregister,
)
from pytest_emid.shifts.scenarios import Scenario, scenario, scenarios
from pytest_emid.shifts.synthetic import SyntheticShift
from pytest_emid.shifts.translation import ChatTranslator, translate

__all__ = [
    "ChatTranslator",
    "Definition",
    "NaturalShift",
    "ParallelText",
    "Scenario",
    "Shift",
    "SyntheticShift",
    "definitions",
    "get",
    "joint",
    "names",
    "natural",
    "parallel_text",
    "parse",
    "protect",
    "register",
    "register_textual",
    "register_visual",
    "scenario",
    "scenarios",
    "textual",
    "translate",
    "unregister",
    "visual",
]
