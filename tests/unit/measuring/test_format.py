"""Numbers as people read them."""

from __future__ import annotations

import math
from dataclasses import replace

from emid_factory import make_result

from pytest_emid.measuring.format import measured
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.columns import columns


def test_a_share_of_nothing_is_undefined() -> None:
    """What a dead model retains."""
    dead = replace(make_result().information_retained, value=math.nan, low=-math.inf, high=math.inf)
    assert measured(dead) == "undefined"
    result = make_result(information_retained=dead)
    assert columns([Row("k", result, (), (), ())], 0)["retained"] == ["undefined"]
