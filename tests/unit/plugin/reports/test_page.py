"""The page without a browser: what stands in it, how large it is, and where its pictures come from."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import page_world
import pytest
from emid_factory import make_result

from pytest_emid import shifts
from pytest_emid.data.sample import image_digest
from pytest_emid.data.scenes.sets import scenes_dataset
from pytest_emid.plugin.against import costs
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports import page
from pytest_emid.plugin.reports.page_samples import CARDS, LINES, flips_of, samples_of, text_shown
from pytest_emid.plugin.reports.thumbnails import SIDE, Thumbnails, data_uri, gathered, size_of, worst


def test_a_full_suite_makes_a_page_of_a_few_megabytes() -> None:
    rows = page_world.rows(61, n=100, texts=("The car is red. " * 20, "The car is blue and stands left. " * 12))
    pictures = page_world.pictures(61, n=102)
    text = page.render(rows, [], pictures)
    assert 1_000_000 < len(text.encode()) < 8_000_000
    assert text.count('class="scenario"') == 61
    uris = re.findall(r'href="(data:[^"]+)"', text)
    assert len(uris) == len(set(uris))
    assert sum(map(len, uris)) <= page.PICTURES


def test_what_fails_stands_first_and_is_open() -> None:
    text = page.render(page_world.rows(8), ["test_x ran, but its results did not arrive."], {})
    scenarios = re.findall(r'<details class="scenario" .*? data-verdict="([^"]+)".*?( open)?>', text)
    assert [verdict for verdict, _ in scenarios] == [
        v for v in ("FAIL", "UNDECIDED", "PASS", "no gate") for _ in (0, 1)
    ]
    assert [bool(is_open) for _, is_open in scenarios] == [True] * 3 + [False] * 5
    assert re.search(
        r"2 of 8 scenarios failed, 2 could not be decided. Worst: blur:[15], where answers keep (49|50|51) %", text
    )
    assert "<b>Missing:</b> test_x ran, but its results did not arrive." in text


def test_samples_stand_worst_first_with_their_changes() -> None:
    (row,) = page_world.rows(1)
    text = page.render([row], [], page_world.pictures(1))
    cost = costs(row.decisions[0], row.result)
    order = sorted(range(90), key=lambda i: -cost[i])
    shown = re.findall(r'<span class="rank">\d+</span> <bdi>([^<]+)</bdi>', text)
    assert shown == [row.result.shifted.records[i].id for i in order[:CARDS]]
    assert text.count('<li class="sample"') == 90 - CARDS
    assert "<del>answer</del>" in text or "<ins>" in text
    assert flips_of(row.result).count("lost") == 45


def like_clean(row: Row, but: int) -> Row:
    """The same, but with all shifted answers but the first so many as good as on clean data."""
    records = [
        replace(record, information=was.information - (0.1 * (but - i) if i < but else 0.0))
        for i, (was, record) in enumerate(zip(row.result.clean.records, row.result.shifted.records, strict=True))
    ]
    return row._replace(result=replace(row.result, shifted=replace(row.result.shifted, records=tuple(records))))


@pytest.mark.parametrize(("worse", "cards"), [(3, 3), (CARDS + 1, CARDS), (0, CARDS)])
def test_what_cost_nothing_is_no_card_unless_nothing_did(worse: int, cards: int) -> None:
    row = like_clean(page_world.rows(1)[0], worse)
    shown, lines, left_out = samples_of(row, LINES)
    assert [card["id"] for card in shown] == [text_shown(row.result.shifted.records[i].id, 80) for i in range(cards)]
    assert (len(lines), left_out) == (90 - cards, 0)


def test_nothing_of_a_hostile_text_is_markup() -> None:
    text = page.render(page_world.rows(13, texts=page_world.HOSTILE), list(page_world.HOSTILE), {})
    assert text.count("<script>") == 1
    assert not re.search(r"<(img|iframe|base|form action|svg onload)", text)
    assert "\x00" not in text
    text.encode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy[1]


@pytest.mark.parametrize(
    "uri", ["data:image/svg+xml;base64,AA==", "http://evil.invalid/x.webp", "data:image/webp;base64,AA=="]
)
def test_only_small_pictures_are_pictures(uri: str) -> None:
    with pytest.raises(ValueError, match="a picture of a report"):
        size_of(uri)


@pytest.mark.parametrize("scenario", ["defocus_blur:3", "keyboard:2"])
def test_pictures_are_kept_where_they_are_measured(tmp_path: Path, scenario: str) -> None:
    dataset = scenes_dataset(12)
    shifted = shifts.parse(scenario).apply(dataset, 0)
    result = make_result(scenario, retained=0.5, n=12)
    for side, made in (("clean", dataset), ("shifted", shifted)):
        records = [
            replace(record, id=sample.id, picture=image_digest(sample.open_image())[:16])
            for record, sample in zip(getattr(result, side).records, made, strict=True)
        ]
        result = replace(result, **{side: replace(getattr(result, side), records=tuple(records))})
    Thumbnails(tmp_path / "shared").add(dataset, scenario, 0, result)
    kept = gathered(tmp_path / "shared")
    wanted = {side.records[i].picture for side in (result.clean, result.shifted) for i in worst(result)}
    assert set(kept) == wanted
    assert all(max(size_of(uri)) <= SIDE for uri in kept.values())
    assert data_uri(b"RIFF....WEBP").startswith("data:image/webp;")
    assert gathered(tmp_path / "nowhere") == {}


def test_what_a_dead_model_retains_is_undefined() -> None:
    rows = page_world.rows(2)
    for row in rows:
        retained = replace(row.result.information_retained, value=math.nan, low=-math.inf, high=math.inf)
        dead = row._replace(result=replace(row.result, information_retained=retained))
        text = page.render([dead], [], {})
        assert "undefined" in text
        assert 'class="bar' in text
        assert "<circle" not in text  # a dot at 0 would say that nothing is retained
        assert not re.search(r"\b(nan|inf)\b", re.sub(r"<style.*?</style>|<script.*?</script>", "", text, flags=re.S))


def test_a_curve_shows_what_was_asked_at_each_severity() -> None:
    rows = [row._replace(result=replace(row.result, seed=0)) for row in page_world.rows(5)]
    text = page.render(rows, [], {})
    (curve,) = re.findall(r'<svg viewBox="0 0 168 96".*?</svg>', text)
    whole = re.search(r'<g class="grid"><line x1="24" x2="164" y1="([\d.]+)"', curve)
    assert whole is not None
    limits = re.findall(r'<line class="limit" x1="([\d.]+)" x2="([\d.]+)" y1="([\d.]+)" y2="\3"/>', curve)
    centres = [float(x) for x in re.findall(r'<circle [^>]*cx="([\d.]+)"', curve)]
    assert len(centres) == 5
    # the fourth has no gate
    assert [(float(a) + float(b)) / 2 for a, b, _ in limits] == [centres[i] for i in (0, 1, 2, 4)]
    assert all(float(y) > float(whole[1]) for *_, y in limits)  # below 100 %
