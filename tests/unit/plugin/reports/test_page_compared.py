"""The page of two runs without a browser: what it says, what stands first, and that texts stay texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import page_world
import pytest
from emid_factory import estimate, make_result

from pytest_emid.measuring.provenance import Provenance
from pytest_emid.measuring.results import EmidResult
from pytest_emid.plugin.comparing import compare_runs
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports import page_compared
from pytest_emid.plugin.reports.charts import losses
from pytest_emid.plugin.reports.page_samples import CARDS
from pytest_emid.plugin.runs import SavedRun

N = 210


def made(scenario: str, retained: float, model: str = "old", torch: str = "2.13", word: str = "") -> EmidResult:
    result = make_result(
        scenario, retained=retained, n=N, model=model, responses=[f"the {model} car {word}{i}" for i in range(N)]
    )
    return replace(result, made=Provenance(model=model, versions={"torch": torch}))


def run(name: str, results: Sequence[EmidResult], pictures: Mapping[str, str] | None = None) -> SavedRun:
    rows = tuple(Row(str(i), result, (), (), ()) for i, result in enumerate(results))
    return SavedRun(Path(name), "0", rows, {}, (), "", {"pictures": pictures or {}})


def rendered(old: Sequence[EmidResult], new: Sequence[EmidResult], **asked: object) -> str:
    return page_compared.render(compare_runs(run("old.json", old), run("new.json", new), **asked))  # type: ignore[arg-type]


def edited(result: EmidResult, **changes: Mapping[int, Mapping[str, object]]) -> EmidResult:
    """Records of `clean` or `shifted` with other values, by position."""
    for side, by_position in changes.items():
        whole = getattr(result, side)
        records = [replace(r, **by_position.get(i, {})) for i, r in enumerate(whole.records)]  # type: ignore[arg-type]
        result = replace(result, **{side: replace(whole, records=tuple(records))})
    return result


@pytest.mark.parametrize(
    ("old", "new", "lead"),
    [
        ((0.9, 0.9), (0.9, 0.9), r"None of 2 scenarios regressed\."),
        (
            (0.9,),
            (0.7,),
            r"1 of 1 scenario regressed\. Worst: frost:1, which lost (19|20|21)\.\d % of the information ",
        ),
        (
            (0.9, 0.9, 0.9, 0.9),
            (0.8, 0.6, 0.88),
            r"2 of 3 scenarios regressed, 1 could not be decided, 1 not measured again\. Worst: frost:2, which lost "
            r"(29|30|31)\.\d % of the information \(asked: lost since baseline &lt;= 2 %\)\.",
        ),
        ((0.9,), (), r"Nothing was measured that could be compared\."),
    ],
)
def test_a_sentence_says_how_many_regressed_and_the_worst(
    old: Sequence[float], new: Sequence[float], lead: str
) -> None:
    before = [made(f"frost:{i}", value) for i, value in enumerate(old, start=1)]
    after = [made(f"frost:{i}", value, "old" if value == old[i - 1] else "new") for i, value in enumerate(new, start=1)]
    assert re.search(f'<p class="lead">{lead}', rendered(before, after))


def test_what_changed_beside_the_answers_stands_above() -> None:
    text = rendered([made("frost:1", 0.9)], [made("frost:1", 0.9, "new", "2.14")])
    assert '<p class="since" dir="auto">Since the baseline: torch 2.13 -&gt; 2.14.' in text
    assert 'class="since"' not in rendered([made("frost:1", 0.9)], [made("frost:1", 0.9)])


def test_the_table_has_both_values_the_loss_and_what_is_beyond_clean_data() -> None:
    old, new = [made("fog:1", 0.9), made("frost:1", 0.9)], [made("fog:1", 0.9), made("frost:1", 0.7, "new")]
    text = rendered([*old], [*new, made("snow:1", 0.9)])
    rows = re.findall(r"<tr>\n<td>.*?</tr>", text, re.DOTALL)
    names = [re.search(r"<bdi>(.*?)</bdi>", row)[1] for row in rows]  # type: ignore[index]
    assert names == ["frost:1", "snow:1", "fog:1"]
    cells = re.findall(r'<td class="num">(.*?)</td>', rows[0])
    before, now, lost, beyond = (float(re.match(r"[-\d.]+", cell)[0]) for cell in cells[:4])  # type: ignore[index]
    assert before - now == pytest.approx(lost, abs=0.11)
    assert beyond == pytest.approx(lost, abs=5.0)
    assert 'aria-label="' in rows[0]
    assert "asked: lost since baseline &lt;= 2 %" in rows[0]
    assert cells[4] == '<span class="lost">−42</span> <span class="gained">+0</span>'
    assert "not comparable" in rows[1]
    assert "old.json holds no measurement of snow:1 on fake with seed 0" in text
    href = re.search(r'<a href="#([^"]+)"><bdi>frost:1', rows[0])
    assert href is not None
    assert f'<details class="scenario" id="{href[1]}" open>' in text


def test_samples_that_got_worse_stand_worst_first_with_both_answers() -> None:
    old, new = made("frost:1", 0.9), made("frost:1", 0.7, "new")
    new = edited(
        new,
        shifted={
            7: {"common": -3.0},
            3: {"common": -2.0},
            5: {"common": -9.0, "response": old.shifted.records[5].response},
        },
    )
    text = rendered([old], [new])
    shown = re.findall(r'<span class="rank">\d+</span> <bdi>([^<]+)</bdi>', text)
    assert shown[:2] == ["s7", "s3"]
    assert len(shown) == CARDS
    assert "s5" not in shown
    assert '<dd dir="auto">the old car 7</dd>' in text
    assert "the <del>old</del><ins>new</ins> car 7</dd>" in text
    assert text.count('<li class="sample"') == int(re.search(r"(\d+) of 210 samples have", text)[1]) - CARDS  # type: ignore[index]


def test_samples_that_are_not_compared_are_listed_once() -> None:
    changes = {
        "clean": {0: {"id": "new one"}, 1: {"question": "another?"}},
        "shifted": {0: {"id": "new one"}, 1: {"question": "another?"}},
    }
    new = [edited(made(f"{name}:1", 0.9, "new"), **changes) for name in ("fog", "frost")]
    text = rendered([made("fog:1", 0.9), made("frost:1", 0.9)], new)
    assert text.count("<summary>1 appeared, 1 vanished, 1 edited in 2 scenarios</summary>") == 1
    assert "<dt>appeared</dt><dd><bdi>new one</bdi></dd>" in text
    assert "<dt>vanished</dt><dd><bdi>s0</bdi></dd>" in text
    assert "<dt>edited</dt><dd><bdi>s1</bdi></dd>" in text


def test_pictures_come_from_either_run_each_once() -> None:
    kept = page_world.pictures(1, n=3)
    clean, shifted = page_world.digest(0, 0), page_world.digest(0, 1)
    seen = {
        "clean": {i: {"picture": clean} for i in range(N)},
        "shifted": {i: {"picture": shifted} for i in range(N)},
    }
    old, new = edited(made("frost:1", 0.9), **seen), edited(made("frost:1", 0.7, "new"), **seen)
    compared = compare_runs(
        run("a", [old], {clean: kept[clean]}), run("b", [new], {shifted: kept[shifted], "unused": kept[clean]})
    )
    text = page_compared.render(compared)
    assert len(re.findall(r'href="data:', text)) == 2
    assert text.count('<use href="#p0"/>') == text.count('<use href="#p1"/>') == CARDS
    assert "Without pictures" not in text
    assert "Without pictures, which a run keeps with --emid-html" in rendered([old], [new])


def test_nothing_of_a_hostile_text_is_markup() -> None:
    def hostile(result: EmidResult, other: int) -> EmidResult:
        texts = page_world.HOSTILE
        fields = {
            i: {"id": f"{i}{t}", "question": t, "reference": t, "response": f"{other}{t}", "category": t}
            for i, t in enumerate(texts)
        }
        clean = {i: {**of, "response": "x"} for i, of in fields.items()}
        return edited(replace(result, model=texts[0]), clean=clean, shifted=fields)

    names = page_world.HOSTILE
    old = [hostile(made(name, 0.9, torch="<script>"), 0) for name in names[:2]]
    new = [hostile(made(name, 0.5, "new", "<img src=x>"), 1) for name in names[:2]]
    new[1] = edited(new[1], shifted={20: {"id": names[2]}}, clean={20: {"id": names[2]}})
    text = rendered([*old, made(names[3], 0.9)], [*new, made(names[4], 0.9)])
    assert text.count('<details class="scenario"') == 2
    assert "hacked=1" in text
    assert not re.search(r"<(script|img|iframe|base|form|meta http-equiv=refresh|svg onload)\b", text)
    assert "\x00" not in text
    text.encode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert re.fullmatch(
        r"default-src 'none'; img-src data:; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'", policy[1]
    )


def test_bars_have_one_scale_that_holds_them_the_limit_and_nothing() -> None:
    shares = [estimate(0.2, 0.1, unit="fraction"), estimate(-0.1, 0.1, unit="fraction")]
    first, second = losses(shares, [0.02, 0.02])
    assert first["whole"] == second["whole"]
    assert first["limit"] == second["limit"]
    assert second["low"] < second["value"] < second["high"] == first["whole"] < first["limit"] < first["low"]
    assert first["high"] == 116.0
    (wide,) = losses([estimate(0.5, 900.0, unit="fraction")], [0.02])
    assert (wide["low"], wide["whole"], wide["high"]) == (4.0, 60.0, 116.0)
