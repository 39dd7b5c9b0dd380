"""JUnit properties: flat scalars under names that dashboards can read."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import page_world
import pytest
from PIL import Image

from pytest_emid.plugin import publishing

TESTS = """
from pytest_emid import assert_information_retained

def test_two(measure_emid):
    assert_information_retained(measure_emid("blur:96"), 0.9)
    measure_emid("blur:50")

def test_other(): pass
"""


@pytest.mark.parametrize("arguments", [[], ["-n1"]], ids=["serial", "xdist"])
def test_measurements_are_properties(project: pytest.Pytester, arguments: list[str]) -> None:
    project.makepyfile(test_x=TESTS)
    project.runpytest("--junit-xml=junit.xml", "--emid-seed=3", *arguments).assert_outcomes(passed=2)
    cases = {case.get("name"): case for case in ET.parse(project.path / "junit.xml").iter("testcase")}
    properties = {p.get("name"): p.get("value") for p in cases["test_two"].iter("property")}
    assert list(properties) == [
        "emid.scenario",
        "emid.n",
        "emid.seed",
        "emid.emi_clean",
        "emid.emi_shifted",
        "emid.value",
        "emid.ci_low",
        "emid.ci_high",
        "emid.retained",
        "emid.retained_ci_low",
        "emid.retained_ci_high",
        "emid.information_retained.verdict",
        "emid.information_retained.threshold",
        "emid.information_retained.asked",
        "emid.information_retained.value",
        "emid.information_retained.ci_low",
        "emid.information_retained.ci_high",
        *(
            f"emid.2.{name}"
            for name in "scenario n seed emi_clean emi_shifted value ci_low ci_high retained retained_ci_low".split()  # noqa: SIM905
        ),
        "emid.2.retained_ci_high",
    ]
    assert (properties["emid.scenario"], properties["emid.2.scenario"]) == ("blur:96", "blur:50")
    assert (properties["emid.n"], properties["emid.seed"]) == ("90", "3")
    assert properties["emid.information_retained.verdict"] == "PASS"
    assert properties["emid.information_retained.asked"] == "retained >= 90 %"
    assert properties["emid.information_retained.value"] == properties["emid.retained"]
    assert 0.9 < float(properties["emid.retained"] or "nan") < 1.0
    assert cases["test_other"].find("properties") is None


def test_a_page_and_its_pictures_are_named(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "pictures_of", lambda shared: page_world.pictures(1, side=16))
    project.makepyfile(
        test_x="""
        import page_world
        from pytest_emid import assert_information_retained

        def test_bad(measure_emid):
            measure_emid("blur:96")
            assert_information_retained(page_world.rows(1)[0].result, 0.9)
        """
    )
    project.runpytest("--junit-xml=junit.xml", "--emid-html=out/run.html", "-o", "junit_logging=system-out")
    (case,) = ET.parse(project.path / "junit.xml").iter("testcase")
    properties = {p.get("name"): p.get("value") or "" for p in case.iter("property")}
    page, _, place = properties["emid.2.page"].partition("#")
    assert f'id="{place}"' in (project.path / page).read_text(encoding="utf-8")
    assert "emid.pictures" not in properties
    picture = properties["emid.2.pictures"]
    assert picture == f"out/run.pictures/{place}.png"
    with Image.open(project.path / picture) as opened:
        assert opened.size == (376, 560)
    assert f"[[ATTACHMENT|{picture}]]" in (case.findtext("system-out") or "")
