"""Which samples of two measurements are compared, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from emid_factory import make_result

from pytest_emid.errors import BaselineError
from pytest_emid.measuring.matching import changes, counterpart, matched
from pytest_emid.measuring.provenance import Provenance
from pytest_emid.measuring.results import EmidResult, Record

REMEDY = " Measure the baseline again, or accept this run as the baseline: --emid-baseline-update='what changed'."
MADE = Provenance(
    model="m",
    settings={"dtype": "float32", "checkpoint": "a"},
    encoders={"image": "1", "text": "2"},
    calibration="c",
    shift={"frost:3": "3"},
    versions={"torch": "2.13", "pillow": "12.0"},
)


def result(**changes: Any) -> EmidResult:
    return replace(make_result("frost:3", n=60, made=MADE), **changes)


def with_records(found: EmidResult, change: Callable[[int, Record], Record | None], sides: str = "both") -> EmidResult:
    """The result with changed records; None leaves one out."""
    made = {}
    for name in ("clean", "shifted") if sides == "both" else (sides,):
        side = getattr(found, name)
        kept = [changed for i, record in enumerate(side.records) if (changed := change(i, record)) is not None]
        made[name] = replace(side, records=tuple(kept))
    return replace(found, **made)


def test_samples_are_paired_by_id_whatever_their_order() -> None:
    old = result()
    turned = replace(
        old,
        clean=replace(old.clean, records=old.clean.records[::-1]),
        shifted=replace(old.shifted, records=old.shifted.records[::-1]),
    )
    pair = matched(turned, old)
    assert (pair.old.clean, pair.new.shifted) == (old.clean, old.shifted)
    assert (pair.lost, pair.samples) == (0, "")


def test_what_appears_vanishes_or_is_edited_is_listed() -> None:
    old = with_records(result(), lambda i, record: None if i == 0 else record)
    new = with_records(result(), lambda i, record: None if i in (1, 2) else record)
    new = with_records(new, lambda i, record: replace(record, reference="other") if record.id == "s5" else record)
    pair = matched(old, new)
    assert (pair.appeared, pair.vanished, pair.edited, pair.held) == (("s0",), ("s1", "s2"), ("s5",), 59)
    assert pair.samples == "not compared: 1 new ('s0'), 2 gone ('s1', 's2'), 1 edited ('s5')"
    assert (
        [r.id for r in pair.old.shifted.records]
        == [r.id for r in pair.new.clean.records]
        == [f"s{i}" for i in range(60) if i not in (0, 1, 2, 5)]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"critic": replace(result().critic, kind="witness", unit="nats", candidates=64)},
            "its critic was witness (nats, 64 candidates), and this run's is ridge (critic scale)",
        ),
        ({"encoders": "a + b"}, "its encoders were a + b, and this run's are fake + fake"),
        (
            {"made": replace(MADE, encoders={"image": "1", "text": "3"})},
            "its encoders were fake + fake, and this run's are fake + fake, with other weights",
        ),
        (
            {"critic": replace(result().critic, fingerprint="other"), "made": replace(MADE, calibration="d")},
            "its critic was fitted on 300 pairs, and this run's on 300 pairs, which are other ones. Scores depend on "
            "them: give a fixed set in the fixture emid_calibration",
        ),
        (
            {"made": replace(MADE, shift={"frost:3": "2"})},
            "its shift frost:3 was made by version 2 of the code, and this run's by version 3",
        ),
        (
            {"paired": False},
            "it held other samples on each side, and this run holds the same samples on both sides",
        ),
    ],
)
def test_what_differs_in_more_than_the_model_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BaselineError) as caught:
        matched(result(**change), result())
    assert str(caught.value) == f"frost:3 cannot be compared with the baseline: {message}.{REMEDY}"
    # a metric asks neither critic nor encoders
    if "critic" in message or "encoders" in message:
        matched(result(**change), result(), embedded=False)
    else:
        with pytest.raises(BaselineError):
            matched(result(**change), result(), embedded=False)


def test_the_last_digits_of_a_fitted_critic_are_the_processors() -> None:
    assert matched(result(critic=replace(result().critic, fingerprint="other")), result()).lost == 0


@pytest.mark.parametrize(
    ("versions", "why"),
    [
        (MADE.versions, "though its version is the same: its code or its data changed"),
        ({"torch": "2.13", "pillow": "11.0"}, "(pillow 11.0 -> 12.0)"),
    ],
)
def test_a_shift_that_makes_something_else_is_refused(versions: dict[str, str], why: str) -> None:
    old = with_records(result(made=replace(MADE, versions=versions)), lambda i, r: replace(r, picture="old"), "shifted")
    new = with_records(result(), lambda i, r: replace(r, picture="old" if i else "new"), "shifted")
    with pytest.raises(BaselineError) as caught:
        matched(old, new)
    assert str(caught.value) == (
        "frost:3 cannot be compared with the baseline: the shift makes something else than it did of 1 of 60 samples "
        f"('s0'), {why}. Raise its version, and measure the baseline again or accept this run: "
        "--emid-baseline-update='what changed'."
    )


def test_nothing_in_common_is_refused() -> None:
    new = with_records(result(), lambda i, record: replace(record, id=f"t{i}"))
    with pytest.raises(
        BaselineError, match="frost:3: no clean sample of the baseline is among those that were measured"
    ):
        matched(result(), new)


def test_the_counterpart_is_of_the_same_scenario_data_seed_and_model() -> None:
    among = [result(), result(scenario="blur:1"), result(model="b"), result(seed=1)]
    assert counterpart(result(model="b"), among, "old.json") is among[2]
    assert counterpart(result(seed=1, model="c"), among, "old.json") is among[3]
    with pytest.raises(BaselineError, match=r"old\.json holds 2 measurements of frost:3 on fake with seed 0"):
        counterpart(result(model="c"), among, "old.json")
    with pytest.raises(BaselineError) as caught:
        counterpart(result(scenario="fog:1"), among[:1], "old.json")
    assert str(caught.value) == (
        "old.json holds no measurement of fog:1 on fake with seed 0; it holds 'frost:3 on fake with seed 0'. Measure "
        "it there, too, or accept this run as the baseline: --emid-baseline-update='what changed'."
    )


def test_changes_name_libraries_servers_and_settings() -> None:
    now = replace(MADE, versions={"torch": "2.14", "pillow": "12.0"}, settings={"dtype": "int8", "checkpoint": "b"})
    served = with_records(result(made=now), lambda i, record: replace(record, served="gpt-2 (fp_2)"))
    assert changes(result(), served) == (
        "torch 2.13 -> 2.14",
        "served by nobody known -> gpt-2 (fp_2)",
        "dtype float32 -> int8",
    )
    assert changes(result(), result()) == ()
    assert changes(result(made=Provenance()), result()) == ()
