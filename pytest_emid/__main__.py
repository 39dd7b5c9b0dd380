"""`python -m pytest_emid`: what is done with the reports and caches of runs, between runs."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pytest_emid.errors import EmidError

__all__ = ["main"]

FAILED: Final = 1
UNUSABLE: Final = 2
CACHE: Final = ".emid"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0; 1 where a test or a gate of the merged run failed, something of it is missing, or what is compared got
        worse; 2 where the command cannot be carried out, or a comparison is undecided.
    """
    given = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # a CI log or a Windows console may not know every letter of an answer
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status: int = given.run(given)
    except (EmidError, OSError) as error:
        sys.stderr.write(f"python -m pytest_emid {given.command}: {error}\n")
        return UNUSABLE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_emid", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    init = commands.add_parser(
        "init",
        help="write a first suite: conftest.py, a test and a CI workflow for your model",
        description="Write conftest.py, test_robustness.py and a CI workflow. Without --model, a terminal is asked for "
        "what is not given. Nothing that is there is replaced.",
    )
    init.add_argument("folder", nargs="?", type=Path, default=Path("robustness"), help="default: %(default)s")
    init.add_argument("--model", metavar="KIND", choices=("function", "checkpoint", "server", "recorded"))
    init.add_argument(
        "--name", help="module:function; folder or Hub id; the name on the server; the file of clean answers"
    )
    init.add_argument("--base-url", metavar="URL", help="of the server (default: OpenAI's own)")
    init.add_argument(
        "--shifted", action="append", default=[], metavar="SCENARIO=FILE", help="recorded answers to shifted samples"
    )
    init.add_argument("--data", metavar="NAME", help="a table, a folder or hub:OWNER/NAME:SPLIT (default: built in)")
    init.add_argument("--ci", choices=("github", "gitlab", "none"), help="default: what the repository uses")
    init.set_defaults(run=_init)

    merge = commands.add_parser(
        "merge",
        help="one report, and one exit status, for all shards of a run",
        description="Put the --emid-json reports of all shards of one run together, print the summary, and exit with 1 "
        "where a test failed in any shard.",
    )
    merge.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="the report of a shard; give all")
    merge.add_argument("--out", type=Path, metavar="PATH", help="write the merged report to this file")
    merge.add_argument(
        "--caches", nargs="+", type=Path, default=[], metavar="DIR", help="gather these caches of shards, too ..."
    )
    _cache_option(merge, "... in this cache")
    merge.set_defaults(run=_merge)

    compare = commands.add_parser(
        "compare",
        help="one saved run against another: exit 0 for no regression, 1 for a regression, 2 for undecided",
        description="Compare two runs that --emid-save or --emid-json wrote, sample by sample in every scenario. "
        "Exits with 0 where nothing got worse by more than --at-most, 1 where something did, and 2 where that is not "
        "decided or cannot be compared.",
    )
    compare.add_argument("old", type=Path, metavar="OLD", help="the earlier run")
    compare.add_argument("new", type=Path, metavar="NEW", help="the later run")
    compare.add_argument("--at-most", type=float, default=0.02, metavar="X", help="what may be lost (default: 0.02)")
    compare.add_argument(
        "--measure", default="retained", metavar="NAME", help="retained, emid or a metric (default: retained)"
    )
    compare.add_argument("--beyond-clean", action="store_true", help="ask of the difference in differences")
    compare.add_argument("--confidence", type=float, metavar="C", help="two-sided (default: that of NEW)")
    compare.add_argument("--markdown", type=Path, metavar="PATH", help="write the table as Markdown, too")
    compare.add_argument("--html", type=Path, metavar="PATH", help="write a page with the samples that got worse, too")
    compare.set_defaults(run=_compare)

    report = commands.add_parser(
        "report",
        help="the page, or the summary in Markdown, of a run that was saved",
        description="Write the page or the summary of a run that --emid-json saved. The page has pictures where the "
        "run was given --emid-html as well.",
    )
    report.add_argument("saved", type=Path, metavar="RUN", help="what --emid-json wrote, or merge --out")
    report.add_argument("--html", type=Path, metavar="PATH", help="write the page to this file")
    report.add_argument("--markdown", type=Path, metavar="PATH", help="write the summary to this file")
    report.set_defaults(run=_report)

    pack = commands.add_parser(
        "pack",
        help="write a cache to a replay pack: JSON that can be committed",
        description="Write a cache's answers and vectors to a replay pack, with which a run needs no model.",
    )
    pack.add_argument("out", type=Path, metavar="PACK", help="the file to write")
    pack.add_argument(
        "--model", metavar="NAME", help="answers of this model only: its name, or the start of its fingerprint"
    )
    pack.add_argument("--no-vectors", action="store_true", help="leave the vectors out: they are computed again")
    _cache_option(pack, "the cache to read")
    _key_option(pack, "with the key to sign the pack with")
    pack.set_defaults(run=_pack)

    unpack = commands.add_parser(
        "unpack",
        help="keep what replay packs and other caches hold",
        description="Keep in one cache what replay packs and other caches hold; an answer is never replaced.",
    )
    unpack.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help="a replay pack, or a cache folder")
    _cache_option(unpack, "the cache that gains")
    _key_option(unpack, "with the key that packs must be signed with")
    unpack.set_defaults(run=_unpack)
    return parser


def _cache_option(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("--cache", type=Path, default=Path(CACHE), metavar="DIR", help=f"{help} (default: {CACHE})")


def _key_option(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("--key-env", metavar="NAME", help=f"environment variable {help}")


def _init(given: argparse.Namespace) -> int:
    from pytest_emid.plugin.starting.asking import wanted_from
    from pytest_emid.plugin.starting.wanted import checked
    from pytest_emid.plugin.starting.writing import write

    wanted = wanted_from(given, input if sys.stdin is not None and sys.stdin.isatty() else None)
    known = checked(wanted)
    for path in write(wanted):
        _say(f"written: {path}")
    _say(f"data: {known}")
    _say(f"next: python -m pytest {wanted.folder}")
    return 0


def _merge(given: argparse.Namespace) -> int:
    from pytest_emid.plugin.config import EmidConfig
    from pytest_emid.plugin.merging import merge
    from pytest_emid.plugin.reports import json
    from pytest_emid.plugin.reports.screen import screen
    from pytest_emid.plugin.reports.terminal import summarize

    merged = merge(given.reports)
    if given.out is not None:
        json.write(given.out, merged.document())
    config = EmidConfig(**merged.options)
    terminal = screen()
    summarize(terminal, merged.ledger, merged.problems, config)
    for note in merged.notes:
        terminal.write_line(note, yellow=True)
    if given.caches:
        _gather(given.cache, given.caches)
    if merged.failed:
        terminal.write_line(f"FAILED: {len(given.reports)} shards", red=True, bold=True)
        return FAILED
    terminal.write_line(f"passed: {len(given.reports)} shards", green=True)
    return 0


def _compare(given: argparse.Namespace) -> int:
    from pytest_emid.data.writing import writing
    from pytest_emid.errors import DataError
    from pytest_emid.plugin.comparing import compare_runs
    from pytest_emid.plugin.reports.compared import as_markdown, show
    from pytest_emid.plugin.reports.screen import screen
    from pytest_emid.plugin.runs import read_run

    compared = compare_runs(
        read_run(given.old),
        read_run(given.new),
        at_most=given.at_most,
        measure=given.measure,
        beyond_clean=given.beyond_clean,
        confidence=given.confidence,
    )
    show(screen(), compared)
    if given.markdown is not None:
        with writing(given.markdown) as stream:
            stream.write(as_markdown(compared))
    if given.html is not None:
        from pytest_emid.plugin.reports import page_compared

        try:
            page_compared.write(given.html, compared)
        except ValueError as error:
            raise DataError(f"a run of {given.old} and {given.new} is damaged: {error}") from error
    return compared.status


def _report(given: argparse.Namespace) -> int:
    from pytest_emid.data.writing import writing
    from pytest_emid.errors import DataError
    from pytest_emid.plugin.reports import page
    from pytest_emid.plugin.reports.markdown import COMMENT, summary
    from pytest_emid.plugin.runs import read_run

    if given.html is None and given.markdown is None:
        raise DataError("there is nothing to write. Name the page with --html, the summary with --markdown, or both.")
    saved = read_run(given.saved)
    if given.html is not None:
        pictures = saved.document.get("pictures", {})
        try:
            page.write(given.html, saved.rows, saved.problems, pictures)
        except ValueError as error:
            raise DataError(f"the run {given.saved} is damaged: {error}") from error
        without = "" if pictures else "; without pictures, which a run keeps with --emid-html beside --emid-json"
        _say(f"{given.html}: {len(saved.rows)} scenarios{without}")
    if given.markdown is not None:
        with writing(given.markdown) as stream:
            stream.write(summary(saved.rows, saved.problems, COMMENT))
        _say(f"{given.markdown}: {len(saved.rows)} scenarios")
    return 0


def _pack(given: argparse.Namespace) -> int:
    from pytest_emid.cache import Cache
    from pytest_emid.cache.packs import models_of
    from pytest_emid.errors import DataError

    if not given.cache.exists():
        raise DataError(f"there is no cache {given.cache}. Name another with --cache.")
    with Cache(given.cache, pack_key_env=given.key_env) as cache:
        models = models_of(cache.store)
        if not models:
            raise DataError(
                f"the cache {cache.path} keeps no answers, and nothing was written. Run the suite first. A function "
                'that is loaded without fingerprint= keeps none: give it one, such as fingerprint="v3".'
            )
        written = cache.export_pack(given.out, vectors=not given.no_vectors, model=given.model)
        held = [one for one in models if given.model in (None, one[0])]
    _say(f"{given.out}: {written.answers:,} answers, {written.vectors:,} vectors, {written.bytes:,} bytes")
    if len(held) > 1:
        there = "; ".join(f"{name} ({fingerprint[:12]})" for name, fingerprint in held[-3:])
        _say(
            f"answers of {len(held)} models, the one asked last at the end: {there}. For --emid-replay, which takes a "
            f"pack of one: --model {held[-1][1][:12]}"
        )
    return 0


def _unpack(given: argparse.Namespace) -> int:
    from pytest_emid.cache import Cache

    for source in given.sources:
        if source.is_dir() or source.suffix != ".json":
            _gather(given.cache, [source])
            continue
        with Cache(given.cache, pack_key_env=given.key_env) as cache:
            held = cache.import_pack(source)
        _say(f"{given.cache}: {held.answers:,} answers and {held.vectors:,} vectors of {source}")
    return 0


def _gather(folder: Path, sources: Sequence[Path]) -> None:
    from pytest_emid.cache import Cache
    from pytest_emid.cache.union import Gained, gather

    def tell(source: Path, gained: Gained) -> None:
        other = f"; {gained.other_answers:,} answers differ, and the first is kept" if gained.other_answers else ""
        _say(f"{folder}: {gained.answers:,} answers and {gained.vectors:,} vectors gained from {source}{other}")

    with Cache(folder) as cache:
        gather(cache, sources, tell)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
