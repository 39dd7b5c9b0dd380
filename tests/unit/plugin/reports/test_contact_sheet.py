import base64
import hashlib
import re
from collections import namedtuple
from html.parser import HTMLParser
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from pytest_emid import shifts
from pytest_emid.data import Dataset, LazyImage, Sample, scenes_dataset
from pytest_emid.errors import DataError, ShiftError
from pytest_emid.plugin.reports.contact_sheet import ContactSheet

Exact = namedtuple("Exact", "id exact response")  # as much of a record as the sheet reads
VOID = {"meta", "img"}


class Page(HTMLParser):
    """The elements of a page in order, with the text that each begins with; nesting is checked."""

    def __init__(self, page):
        super().__init__()
        self.page = page
        self.elements = []
        self._open = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), ""])
        if tag not in VOID:
            self._open.append((tag, len(self.elements) - 1))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        for _, index in self._open:
            self.elements[index][2] += data

    def all(self, tag, **attributes):
        return [e for e in self.elements if e[0] == tag and attributes.items() <= e[1].items()]

    def texts(self, tag, **attributes):
        return [" ".join(text.split()) for _, _, text in self.all(tag, **attributes)]

    def images(self):
        return [Image.open(BytesIO(base64.b64decode(e[1]["src"].split(",")[1]))) for e in self.all("img")]


def sheet_of(dataset, *scenarios, seed=0, **options):
    sheet = ContactSheet(**options)
    for scenario in scenarios:
        sheet.add(dataset, scenario, seed)
    return sheet


def rendered(*args, **options):
    return Page(sheet_of(*args, **options).render())


def test_samples_by_shifts_by_severities():
    dataset = scenes_dataset(12)
    joint = shifts.parse("frost:2+keyboard:5")
    page = rendered(dataset, *shifts.visual("frost", severity=[5, 1]), "keyboard:5", joint, "normalise_only")
    assert page.texts("h1") == ["Shifts at a glance: 5 scenarios"]
    assert page.texts("h2") == ["Dataset scenes, seed 0"]
    assert page.texts("th") == ["frost", "keyboard", "frost:2+keyboard:5", "normalise_only"] * 4
    assert page.texts("div", **{"class": "level"}) == ["severity 1", "severity 5", "severity 5"] * 4
    # per sample: clean, frost twice, and the joint shift once; texts bring no picture
    assert len(page.images()) == 4 * 4
    ids = [text.split()[0] for text in page.texts("dd")[::3]]
    assert ids == [
        "scene-000000-conversation",
        "scene-000001-detail",
        "scene-000002-complex",
        "scene-000003-conversation",
    ]
    clean, weak, strong, _ = page.images()[:4]
    assert np.array_equal(np.asarray(clean), np.asarray(dataset[0].open_image()))
    expected = shifts.parse("frost:5").apply(dataset, 0)[0].open_image()
    assert np.array_equal(np.asarray(strong), np.asarray(expected))
    assert not np.array_equal(np.asarray(weak), np.asarray(strong))


def test_texts_before_and_after():
    samples = [Sample(str(i), Image.new("RGB", (4, 4)), "What is on the table?", "A cup.") for i in range(2)]
    dataset = Dataset("mine", samples)
    page = rendered(
        dataset,
        shifts.parallel_text("typo", {"0": "Wat is on that table?", "1": "What is on the table?"}),
        shifts.parallel_text("german", dict.fromkeys("01", "Was ist auf dem Tisch?")),
    )
    assert page.texts("dd")[1] == "What is on the table?"
    typo, german = page.texts("p", **{"class": "text"})[:2]
    assert typo == "WhatWat is on thethat table?"
    assert [e[2] for e in page.all("del")] == ["old", "What", "the"]
    assert [e[2] for e in page.all("ins")] == ["new", "Wat", "that", *["Was ist auf dem Tisch?"] * 2]
    assert german == "Was ist auf dem Tisch?"
    assert page.texts("p", **{"class": "same"}) == ["unchanged"]


EVIL = "</dd><script>alert(1)</script><img src=x onerror='alert(2)'> {{ 7 * 7 }} \ud800 \u202e"


def test_a_page_runs_nothing_and_fetches_nothing():
    image = Image.new("RGB", (3, 3))
    image.info["comment"] = b"secret"
    dataset = Dataset(EVIL, [Sample(EVIL, image, EVIL, EVIL, category=EVIL)])
    page = rendered(dataset, shifts.parallel_text(EVIL, {EVIL: f"x {EVIL}"}), Dataset("o", [dataset[0].with_(id="&")]))
    assert not page.all("script")
    assert len(page.all("img")) == 2
    assert all(e[1]["src"].startswith("data:image/png;base64,") for e in page.all("img"))
    assert not any(
        name.startswith("on") or name == "style" for _, attributes, _ in page.elements for name in attributes
    )
    assert not re.search(r"https?:|//[a-z]", page.page)
    assert "{{ 7 * 7 }}" in page.page
    page.page.encode("utf-8")
    assert not any(image.info.get("comment") for image in page.images())
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    (style,) = page.all("style")
    allowed = base64.b64encode(hashlib.sha256(style[2].encode()).digest()).decode()
    assert policy[1]["content"] == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    )


def noisy(n=6, side=300):
    def image(i):
        return Image.fromarray(np.random.default_rng(i).integers(0, 256, (side, side, 3), dtype=np.uint8))

    return Dataset("noise", [Sample(str(i), image(i), f"What {i}?", "That.") for i in range(n)])


@pytest.mark.parametrize(
    ("budget", "side", "samples"),
    [(10_000_000, 192, 4), (900_000, 128, 4), (500_000, 128, 3), (60_000, 72, 1), (1, 56, 1)],
)
def test_the_page_stays_small(budget, side, samples):
    page = rendered(noisy(), "contrast:1", "contrast:3", budget=budget)
    assert {max(image.size) for image in page.images()} == {side}
    assert len(page.images()) == 3 * samples
    assert f"at most {side} pixels" in page.page
    assert ("Fewer samples are shown" in page.page) == (samples < 4)
    assert budget == 1 or len(page.page) < budget + 8000


def test_another_dataset_shows_its_own_samples():
    night = Dataset("night", noisy(3, 8)[1:])
    page = rendered(noisy(3, 8), night, shifts.natural(noisy(3, 9), paired=True, id="paired"))
    assert page.texts("th") == ["night", "paired"] * 3
    assert page.texts("div", **{"class": "level"}) == ["another sample: 1", "another sample: 2"]
    assert page.texts("p", **{"class": "problem"}) == ["'night' has no further sample."]
    assert page.texts("p", **{"class": "text"}) == ["What 1?", "What 2?"]
    assert [image.size for image in page.images()[:3]] == [(8, 8), (8, 8), (9, 9)]


def test_what_cannot_be_applied_is_shown_with_its_error():
    def damaged():
        raise DataError("the picture is damaged. Replace it.")

    dataset = noisy(2, 8)
    paired = Dataset("broken", [s.with_(image=LazyImage(damaged, "x")) for s in dataset])
    page = rendered(dataset, paired, shifts.natural(Dataset("few", dataset[:1]), paired=True), "frost:1")
    broken, few = page.texts("p", **{"class": "problem"})[:2]
    assert broken == "the picture is damaged. Replace it."
    assert few.startswith("shift 'few' is paired, but dataset 'few' lacks 1 of the 2 samples of 'noise': '1'.")
    assert len(page.texts("p", **{"class": "problem"})) == 4
    with pytest.raises(ShiftError, match="there is no shift named 'frots'"):
        sheet_of(dataset, "frots:1")


def test_each_scenario_is_drawn_once_for_each_dataset_and_seed(tmp_path):
    dataset = noisy(2, 8)
    sheet = sheet_of(dataset, "fog:1", "fog:1", shifts.parse("fog:1"))
    assert sheet.scenarios == 1
    sheet.add(dataset, "fog:1", 1)
    sheet.add(scenes_dataset(3), "fog:1", 1)
    assert sheet.scenarios == 3
    sheet.write(tmp_path / "deep" / "page.html")
    page = Page((tmp_path / "deep" / "page.html").read_text("utf-8"))
    assert page.texts("h2") == ["Dataset noise, seed 0", "Dataset noise, seed 1", "Dataset scenes, seed 1"]


def test_several_pictures_stand_side_by_side_and_none_is_none():
    wide, high = Image.new("RGB", (60, 30), "red"), Image.new("RGB", (20, 64), "blue")
    dataset = Dataset(
        "d",
        [
            Sample("pair", None, "Which?", "This.", images=(wide, high)),
            Sample("none", None, "What is two and two?", "Four."),
        ],
    )
    page = Page(sheet_of(dataset, "gaussian_noise:5").render())
    clean, noisy = page.images()
    assert clean.size == noisy.size == (82, 64)
    assert [clean.getpixel(place) for place in ((5, 5), (5, 50), (70, 5))] == [
        (255, 0, 0),
        (255, 255, 255),
        (0, 0, 255),
    ]
    assert page.texts("p", **{"class": "same"}) == ["unchanged"]


def test_samples_that_failed_come_first_with_their_answers():
    dataset = scenes_dataset(12)
    shift, late = shifts.parse("contrast:1"), dataset.ids[11]
    sheet = sheet_of(dataset, shift)
    before = Page(sheet.render())
    assert late not in before.page
    records = {side: [Exact(s.id, 1.0, "fine") for s in dataset] for side in ("clean", "shifted")}
    records["shifted"][11] = Exact(late, 0.0, "A <b>lie</b>.")
    records["clean"][3] = records["shifted"][3] = Exact(dataset.ids[3], 0.0, "wrong before")
    result = SimpleNamespace(paired=True, **{side: SimpleNamespace(records=kept) for side, kept in records.items()})
    sheet.add(dataset, shift, 0, result)
    page = Page(sheet.render())
    assert page.texts("dd")[0].split()[0] == late
    assert page.texts("p", **{"class": "problem"}) == ["now wrong: A <b>lie</b>."]
    assert len(page.texts("th")) == 4
    assert page.texts("h1") == before.texts("h1")
