"""The page in a real browser: nothing runs that is not its own, nothing is fetched, and keys, filters and themes work.

Needs Playwright's Python package and a Chromium: `pip install playwright`, `apt-get install chromium` (or `playwright
install chromium`); skipped where either is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import page_world
import pytest

from pytest_emid import Results
from pytest_emid.data import scenes_dataset
from pytest_emid.plugin.comparing import compare_runs
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports import page as report
from pytest_emid.plugin.reports import page_compared
from pytest_emid.plugin.reports.contact_sheet import ContactSheet
from pytest_emid.plugin.reports.page_samples import CARDS
from pytest_emid.plugin.runs import SavedRun

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="the browser tests need Playwright: pip install playwright"
)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        try:
            opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        except sync_api.Error as error:
            pytest.skip(f"the browser tests need a Chromium: apt-get install chromium ({str(error).splitlines()[0]})")
        yield opened
        opened.close()


class Opened:
    """A page with all that it asked for and complained of."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def visible(self, selector: str) -> int:
        """How many elements can be seen."""
        return int(self.page.locator(f"{selector}:visible").count())

    def is_quiet(self) -> bool:
        """Whether nothing was said, and nothing asked for but the page and what is in it."""
        return not self.said and not [url for url in self.asked if not url.startswith(("file:", "data:"))]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    report.write(path, page_world.rows(8), [], page_world.pictures(8, side=64))
    return path


def test_hostile_texts_never_run(browser: Any, tmp_path: Path) -> None:
    rows = page_world.rows(13, texts=page_world.HOSTILE)
    path = tmp_path / "page.html"
    report.write(path, rows, list(page_world.HOSTILE), page_world.pictures(2, side=64), title=page_world.HOSTILE[1])
    opened = Opened(browser, path)
    opened.page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    opened.page.mouse.move(400, 400)
    opened.page.wait_for_timeout(100)
    assert opened.page.evaluate("window.hacked") is None
    assert (
        opened.page.evaluate("document.querySelectorAll('main script, iframe, base, img, object, embed').length") == 0
    )
    assert opened.page.locator(".sample").count() == 13 * 90
    assert opened.is_quiet()


def test_a_comparison_runs_nothing_and_asks_for_nothing(browser: Any, tmp_path: Path) -> None:
    old = page_world.rows(1, texts=page_world.HOSTILE)[0].result
    worse = [replace(r, common=(r.common or 0.0) - 1.0, response=f"x {r.response}") for r in old.shifted.records]
    new = replace(old, shifted=replace(old.shifted, records=tuple(worse)))
    kept = {"pictures": page_world.pictures(1, side=64)}
    runs = [
        SavedRun(Path(name), "0", (Row(name, result, (), (), ()),), {}, (), "", kept)
        for name, result in zip(page_world.HOSTILE, (old, new), strict=False)
    ]
    path = tmp_path / "compared.html"
    page_compared.write(path, compare_runs(*runs))
    opened = Opened(browser, path)
    opened.page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    opened.page.mouse.move(400, 400)
    assert opened.page.evaluate("window.hacked") is None
    assert opened.page.locator("script, iframe, base, img, object, embed").count() == 0
    assert opened.page.locator(".sample").count() == 90
    assert opened.visible("article figure svg") == 2 * CARDS
    assert opened.is_quiet()


def test_a_notebook_s_frame_shows_the_page_and_touches_nothing_around_it(browser: Any, tmp_path: Path) -> None:
    rows = page_world.rows(2, texts=page_world.HOSTILE)
    path = tmp_path / "notebook.html"
    frame = Results(row.result for row in rows)._repr_html_()
    path.write_text(f'<!doctype html><meta charset="utf-8"><h1>mine</h1>{frame}', encoding="utf-8")
    opened = Opened(browser, path)
    inside = opened.page.frame_locator("iframe")
    inside.locator("details.scenario").first.wait_for()
    inside.locator("#theme").click()  # its script runs
    assert inside.locator("table.overview tbody tr").count() == 2
    assert opened.page.evaluate("window.hacked") is None
    assert opened.page.locator("h1").inner_text() == "mine"
    assert opened.is_quiet()


def test_the_policy_stops_what_escaping_would_miss(browser: Any, plain: Path, tmp_path: Path) -> None:
    holed = tmp_path / "holed.html"
    attack = "<main><script>window.hacked=1</script><img src=http://evil.invalid/x><p onclick='window.hacked=1'>x</p>"
    holed.write_text(plain.read_text(encoding="utf-8").replace("<main>", attack, 1), encoding="utf-8")
    opened = Opened(browser, holed)
    assert opened.page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in said for said in opened.said)


def test_filters_search_and_sort(browser: Any, plain: Path) -> None:
    opened = Opened(browser, plain)
    page = opened.page
    assert opened.visible(".scenario") == 8
    page.select_option("#verdict", "FAIL")
    assert opened.visible(".scenario") == opened.visible("tbody tr[data-for]") == 2
    assert "2 of 8 scenarios" in page.locator("#shown").inner_text()
    page.keyboard.press("Escape")
    assert opened.visible(".scenario") == 8
    page.select_option("#flip", "lost")
    assert opened.visible(".sample") > 0
    assert opened.visible('.sample:not([data-flip="lost"])') == 0
    page.select_option("#flip", "gained")
    assert opened.visible(".scenario") == 0
    assert opened.visible("#nothing") == 1
    page.keyboard.press("Escape")
    page.select_option("#category", "detail")
    assert opened.visible('.sample[data-category="conversation"]') == 0
    page.keyboard.press("Escape")
    page.fill("#search", "s13 ")
    page.wait_for_timeout(400)
    assert opened.visible(".sample") == 8
    page.keyboard.press("Escape")
    page.select_option("#sort", "retained")
    order = page.eval_on_selector_all(".scenario", "all => all.map(e => Number(e.dataset.retained))")
    assert order == sorted(order)
    page.select_option("#sort", "name")
    names = page.eval_on_selector_all(".scenario", "all => all.map(e => e.dataset.name)")
    assert names == sorted(names)
    assert opened.is_quiet()


def test_keys(browser: Any, plain: Path) -> None:
    opened = Opened(browser, plain)
    page = opened.page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("jo")
    assert page.input_value("#search") == "jo"
    page.keyboard.press("Escape")
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("k")
    page.wait_for_timeout(300)  # what was typed before is not searched for any more
    assert page.evaluate("[...document.querySelectorAll('.scenario')].findIndex(e => e.matches('.current'))") == 1
    was = page.evaluate("document.querySelector('.current').open")
    page.keyboard.press("o")
    assert page.evaluate("document.querySelector('.current').open") is not was
    assert opened.is_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(browser: Any, plain: Path, scheme: str) -> None:
    opened = Opened(browser, plain, color_scheme=scheme)

    def is_dark() -> bool:
        color = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, color.removeprefix("rgb(").removesuffix(")").split(","))) < 384

    assert is_dark() == (scheme == "dark")
    opened.page.keyboard.press("t")
    assert is_dark() == (scheme == "light")
    opened.page.click("#theme")
    assert is_dark() == (scheme == "dark")


def test_without_javascript_all_of_it_can_be_read(browser: Any, plain: Path) -> None:
    opened = Opened(browser, plain, java_script_enabled=False)
    assert opened.visible(".tools") == 0
    assert opened.visible("tbody tr[data-for]") == 8
    assert opened.visible("article.sample") == 3 * 8
    opened.page.locator(".scenario:not([open]) > summary").first.click()
    assert opened.visible("article.sample") == 4 * 8


def test_pictures_are_drawn(browser: Any, plain: Path) -> None:
    opened = Opened(browser, plain)
    box = opened.page.locator(".pictures svg").first.bounding_box()
    assert box is not None
    assert box["width"] > 100
    decoded = """Promise.all([...document.querySelectorAll('image')].map(e => {
        const i = new Image(); i.src = e.getAttribute('href'); return i.decode().then(() => i.naturalWidth);
    })).then(all => Math.min(...all))"""
    assert opened.page.evaluate(decoded) == 64


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compared") / "page.html"
    old = page_world.rows(1)[0].result
    worse = [replace(r, common=(r.common or 0.0) - 1.0, response=f"x {r.response}") for r in old.shifted.records]
    new = replace(old, shifted=replace(old.shifted, records=tuple(worse)))
    kept = {"pictures": page_world.pictures(1, side=64)}
    runs = [SavedRun(Path("a.json"), "0", (Row("a", r, (), (), ()),), {}, (), "", kept) for r in (old, new)]
    page_compared.write(path, compare_runs(*runs))
    return path


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheet") / "page.html"
    made = ContactSheet(samples=1)
    for severity in (1, 3, 5):
        made.add(scenes_dataset(3), f"defocus_blur:{severity}", 0)
    made.write(path)
    return path


@pytest.mark.parametrize("name", ["plain", "compared", "sheet"])
def test_no_page_is_wider_than_a_telephone(browser: Any, request: pytest.FixtureRequest, name: str) -> None:
    opened = Opened(browser, request.getfixturevalue(name), viewport={"width": 400, "height": 800})
    opened.page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 400
    right = "Math.max(0, ...[...document.querySelectorAll('.pictures svg')].map(e => e.getBoundingClientRect().right))"
    assert opened.page.evaluate(right) < 400 - 16


def test_a_link_to_a_scenario_opens_it(browser: Any, plain: Path) -> None:
    opened = Opened(browser, plain)
    last = opened.page.locator(".scenario").last.get_attribute("id")
    opened.page.click(f'a[href="#{last}"]')
    opened.page.wait_for_timeout(50)
    assert opened.page.evaluate(f"document.getElementById('{last}').open") is True
