"""What the section of the terminal says of kept answers; integration/test_emid_summary.py runs the whole."""

from __future__ import annotations

import pytest
from emid_factory import make_result

from pytest_emid.measuring.findings import Provenance
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.terminal import unkept

ONCE = Provenance(versions={"python": "3.12"})
KEPT = Provenance("f" * 64, versions={"python": "3.12"})


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({}, ""),
        ({"ours": KEPT}, ""),
        ({"made by hand": Provenance()}, ""),
        ({"ours": ONCE}, "; without a fingerprint= those of ours are not kept"),
        ({"ours": ONCE, "kept": KEPT, "a\nb": ONCE}, "; without a fingerprint= those of a\\nb and ours are not kept"),
    ],
    ids=["no row", "kept", "by hand", "a function", "several"],
)
def test_a_function_without_a_fingerprint_is_asked_again(models: dict[str, Provenance], said: str) -> None:
    results = [make_result(model=name, made=made) for name, made in models.items()]
    rows = [Row(str(i), result, (), (), ()) for i, result in enumerate([*results, *results])]
    assert unkept(rows) == said
