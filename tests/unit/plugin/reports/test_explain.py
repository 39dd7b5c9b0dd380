"""What a failure and the summary say of false answers that are seen, and of those that are not."""

from dataclasses import replace

import pytest
from emid_factory import make_result

from pytest_emid.measuring.results import Sight
from pytest_emid.plugin.reports.explain import _contrast, sees

SEES = "Of these clean answers made false on purpose, the guards see: "
REACH = {"polarity": 0.94, "side": None, "colour": 0.3}
PRESENT = {"polarity": 1.0, "side": 0.2, "colour": 0.0}


@pytest.mark.parametrize(
    ("sight", "told", "contrast"),
    [
        (None, "", []),
        (Sight({}, {}, (), 0.0, None, None), f"{SEES}none of the facts it knows.", []),
        (Sight(REACH, PRESENT, (), 0.0, 0.05, 0.95), f"{SEES}polarity 94 %.", []),
        (
            Sight(REACH, PRESENT, ("side",), 0.25, None, None),
            f"{SEES}polarity 94 %. Blind to side: gate on a metric of your own for those. Not checked: 25 % of the "
            "answers.",
            [],
        ),
        (
            Sight(REACH, PRESENT, (), 0.0, 0.55, 0.48),
            f"{SEES}polarity 94 %. A model that repeats its question would retain 55 %.",
            ["Of the contrast between yes and no the shifted answers keep 48 %."],
        ),
    ],
)
def test_what_is_seen(sight, told, contrast):
    result = replace(make_result(), sight=sight)
    assert sees(result) == told
    assert list(_contrast(result)) == contrast
