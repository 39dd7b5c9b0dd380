"""The options, in one table.

PYTEST_DONT_REWRITE: this module is loaded in every pytest run and asserts nothing.
"""

from __future__ import annotations

from typing import Final

from pytest_emid.plugin.option import Option
from pytest_emid.plugin.parsing import (
    FEWEST_WORDS,
    as_allowance,
    as_confidence,
    as_critic,
    as_integer,
    as_measures,
    as_names,
    as_positive,
    as_seconds,
    as_shard,
    as_switch,
    as_text,
    as_words,
    one_of,
)

__all__ = ["BY_KEY", "MARKER_ONLY", "OPTIONS", "Option"]


OPTIONS: Final = (
    Option(
        "model",
        "string",
        "NAME",
        "a name such as tiny-llava, a model folder or a Hub id",
        as_text,
        "model under test, unless the fixture emid_model is overridden. Built in: tiny-llava, tiny-llava-robust.",
    ),
    Option(
        "dataset",
        "string",
        "NAME",
        "scenes (built in), a file, a folder or hub:OWNER/NAME:SPLIT",
        as_text,
        "evaluation set, unless the fixture emid_dataset is overridden: scenes (built in; also scenes:LANGUAGE, "
        "scenes:DOMAIN, scenes:DOMAIN:LANGUAGE), a table (.jsonl, .json, .csv, .tsv, .parquet), a folder in LLaVA's "
        "layout or one that was exported, or hub:OWNER/NAME:SPLIT. In an ini file paths start at rootdir.",
    ),
    Option(
        "columns",
        "string",
        "FIELD=COLUMN,...",
        "FIELD=COLUMN,... such as question=prompt,reference=label",
        as_text,
        "which columns of the table or Hub dataset hold id, image, question, reference, category, cluster, options and "
        "hint, where they have other names.",
    ),
    Option(
        "where",
        "string",
        "COLUMN[=VALUE],...",
        "COLUMN or COLUMN=VALUE, joined by commas, such as image,split=dev",
        as_text,
        "which rows of the table or Hub dataset are taken: those that hold something (COLUMN) or VALUE in a column.",
    ),
    Option(
        "encoders",
        "string",
        "NAME",
        "auto, tiny, paper, or a pair 'IMAGE + TEXT' of folders or Hub ids",
        as_text,
        "embeddings, unless the fixture emid_encoders is overridden: tiny (built in), paper (CLIP ViT-B/32 and XLM-R "
        "base), a pair 'IMAGE + TEXT', or auto: tiny for scenes, paper for any other dataset (default: auto).",
    ),
    Option(
        "limit",
        "int",
        "N",
        "an integer of at least 0 (0: all samples)",
        as_integer(0),
        "measure the first N samples only; 0 measures all (default: 0).",
    ),
    Option(
        "seed",
        "int",
        "N",
        "an integer of at least 0",
        as_integer(0),
        "base seed of the shifts (default: 0).",
    ),
    Option(
        "repeat",
        "int",
        "K",
        "an integer of at least 0",
        as_integer(0),
        "ask the clean set K times more, for models that do not repeat themselves (sampled, served, batched on a GPU): "
        "what is reported and gated is then what is lost beyond that noise floor (default: 0).",
    ),
    Option(
        "stop-early",
        "bool",
        "",
        "true or false",
        as_switch,
        "ask for samples in stages of whole pictures, and for no more once a test's gates can decide, at the same "
        "error rates (at most five looks a gate). For gates on information retained, EMID in nats and metrics; a "
        "test that names another gate or reads figures of a result, and what a fixture measures, asks for all.",
    ),
    Option(
        "smoke",
        "bool",
        "",
        "true or false",
        as_switch,
        "first ask 60 samples of the clean set and of the mildest visual, textual, joint and natural scenario that "
        "tests are parametrized with; where the model is plainly broken (answers all alike, or most of them refused, "
        "empty or failed) every test that measures it is an error, and nothing else is asked.",
    ),
    Option(
        "batch-size",
        "int",
        "N",
        "an integer of at least 1",
        as_integer(1),
        "samples that the built-in backends answer at once (default: the backend's own).",
    ),
    Option(
        "device",
        "string",
        "DEVICE",
        "a torch device such as cpu or cuda:0",
        as_text,
        "where the built-in backends run (default: the backend's own choice).",
    ),
    Option(
        "wait-for-server",
        "string",
        "TIME",
        "seconds, or a time such as 90s or 10min",
        as_seconds,
        "how long a model or encoder behind a server is waited for that is not there yet or still loads, until it has "
        "answered for the first time: 600, 90s, 10min (default: 0).",
    ),
    Option(
        "cache-dir",
        "string",
        "DIR",
        "a directory, a replay pack (.json), or none",
        as_text,
        "where answers and embeddings are kept between runs, relative to the root directory; a replay pack is only "
        "read; none keeps nothing (default: .emid). Created by the first measurement, never before.",
    ),
    Option(
        "cache",
        "string",
        "{use,off,read,refresh}",
        "use, off, read or refresh",
        one_of("use", "off", "read", "refresh"),
        "use keeps and serves answers and embeddings; off keeps nothing on disk; read serves and never asks, and says "
        "what is missing; refresh asks anew and keeps (default: use).",
    ),
    Option(
        "cache-max-mb",
        "float",
        "MB",
        "a number above 0",
        as_positive,
        "when the cache is opened, forget what was unused for longest until at most this many megabytes of answers and "
        "embeddings are left (default: no limit). A cache that is only read forgets nothing.",
    ),
    Option(
        "cache-max-days",
        "float",
        "DAYS",
        "a number above 0",
        as_positive,
        "when the cache is opened, forget answers and embeddings that were unused for longer (default: no limit).",
    ),
    Option(
        "replay",
        "string",
        "PACK",
        "a replay pack (.json)",
        as_text,
        "take the model's identity, answers and embeddings from this replay pack: the fixture emid_model is not "
        "called, and nothing is asked. See `python -m pytest_emid pack`.",
    ),
    Option(
        "pack-key-env",
        "string",
        "NAME",
        "the name of an environment variable",
        as_text,
        "environment variable with the key that replay packs must be signed with: a pack that was changed, or that "
        "somebody else wrote, is refused (default: packs are taken as they are). See `python -m pytest_emid pack`.",
    ),
    Option(
        "plan",
        "bool",
        "",
        "true or false",
        as_switch,
        "ask nothing: say how many answers are cached and how many would be asked, how long that takes and what it "
        "costs, and skip each test where it would measure. A test that measures several scenarios is counted up to "
        "its first.",
    ),
    Option(
        "json",
        "string",
        "PATH",
        "a path",
        as_text,
        "write every result and every decision to this file.",
    ),
    Option(
        "save",
        "string",
        "PATH",
        "a path",
        as_text,
        "write the same as --emid-json to this file, to compare later runs with.",
    ),
    Option(
        "baseline",
        "string",
        "PATH",
        "a path, or auto",
        as_text,
        "saved run (--emid-save or --emid-json) that assert_no_regression compares with; auto is emid-baseline.json in "
        "the root directory, which the first run writes.",
    ),
    Option(
        "baseline-update",
        "string",
        "WORDS",
        f"words that say what changed, of {FEWEST_WORDS} or more",
        as_words,
        "accept this run as the new baseline, if every test that does not compare with the old one passes: say in "
        "words what changed, which is kept in it. Scenarios that this run does not measure keep their old baseline.",
    ),
    Option(
        "html",
        "string",
        "PATH",
        "a path",
        as_text,
        "write one HTML page of the run: every scenario, and the samples that decided, with their pictures. With "
        "--emid-json too, the JSON report carries the pictures.",
    ),
    Option(
        "markdown",
        "string",
        "PATH",
        "a path",
        as_text,
        "write a summary in Markdown, short enough for a comment on a pull request.",
    ),
    Option(
        "github",
        "string",
        "{auto,no}",
        "auto or no",
        one_of("auto", "no"),
        "auto: in a job of GitHub Actions append the summary to the job's ($GITHUB_STEP_SUMMARY), and annotate the "
        "lines of gates that did not pass (default: auto).",
    ),
    Option(
        "contact-sheet",
        "string",
        "PATH",
        "a path",
        as_text,
        "write an HTML page of what the measured shifts do to some samples; with --emid-list-shifts, of every shift.",
    ),
    Option(
        "shard",
        "string",
        "K/N",
        "K/N with integers 1 <= K <= N",
        as_shard,
        "run the K-th of N parts of the suite: each scenario and each test is in exactly one, tests that measure "
        "nothing in the first. python -m pytest_emid merge makes one report of the --emid-json files of all N.",
    ),
    Option(
        "critic",
        "string",
        "NAME",
        "witness, query, club-ridge, club or paper:PATH",
        as_critic,
        "what EMI and EMID are measured with, unless the fixture emid_critic is overridden: witness (in nats; the "
        "default), query (in nats; needs thousands of calibration pairs), club-ridge (what 0.1.0 measured with, on its "
        "own scale), club (the paper's networks, trained here), or paper:PATH (the authors' checkpoint).",
    ),
    Option(
        "blind",
        "string",
        "{name,undecided}",
        "name or undecided",
        one_of("name", "undecided"),
        "what a blind spot does, a kind of fact that stands in the references and that the measure does not see: name "
        "says so, undecided lets no gate pass that does not accept it with accept_blind= (default: name).",
    ),
    Option(
        "metrics",
        "string",
        "NAMES",
        "names with commas between them, such as exact, anls",
        as_names,
        "metrics of every answer, unless the fixture emid_metrics is overridden: exact, contains, multiple_choice, "
        "numeric, anls, character_accuracy, token_f1, chrf, bleu, vqa (default: none; gates on these need no option).",
    ),
    Option(
        "measures",
        "string",
        "NAMES",
        "retained, emid, likelihood:LIMIT or names of metrics, with commas between them, such as retained, anls, "
        "likelihood:0.5",
        as_measures,
        "what assert_robust asks, unless the fixture emid_measures is overridden: retained (information), emid (share "
        "lost), names of metrics, and likelihood:LIMIT, in nats an answer; a measure may have a limit of its own "
        "(anls:0.05). likelihood is measured only where it is named (default: retained, emid).",
    ),
    Option(
        "drift",
        "bool",
        "",
        "true or false",
        as_switch,
        "results carry the p-values of input drift into reports. Without it they are drawn only where a test asks for "
        "them, such as assert_no_input_drift: they take more time than all the rest of a measurement.",
    ),
    Option(
        "allow-problems",
        "string",
        "SHARE",
        "a share such as 5% or 0.05, shares of single outcomes such as refused=10%,truncated=0, or both (outcomes: "
        "refused, truncated, empty)",
        as_allowance,
        "share of the answers of either side that may be refused, truncated or empty (default: 0.05); above it no gate "
        "passes. refused=0.1,truncated=0 gives single outcomes shares of their own, beside which the others share the "
        "rest.",
    ),
    Option(
        "undecided",
        "string",
        "{fail,xfail,warn}",
        "fail, xfail or warn",
        one_of("fail", "xfail", "warn"),
        "what a gate does when its interval holds the threshold, so that n is too small to tell (default: fail).",
    ),
    Option(
        "confidence",
        "float",
        "C",
        "a number from 0.5 to below 1",
        as_confidence,
        "two-sided confidence of the intervals that gates decide on (default: 0.95).",
    ),
    Option(
        "family",
        "int",
        "M",
        "an integer of at least 1",
        as_integer(1),
        "number of gates that share the error rate: each is decided at confidence 1 - (1 - C) / M, so that the chance "
        "of any wrong verdict among them stays below 1 - C (Bonferroni). Declared, not counted, so that a verdict "
        "does not depend on which other tests run. Left at 1 (default), the summary says which failures would "
        "survive Holm's correction over the gates of the run.",
    ),
)
BY_KEY: Final = {option.key: option for option in OPTIONS}

MARKER_ONLY: Final = Option(
    "unanswered",
    "string",
    "{fail,allow}",
    "fail or allow",
    one_of("fail", "allow"),
    "whether a test may pass though a gate in it did not, or though it measured nothing (default: fail).",
)
"""Of one test, never of a run: a run in which nobody answers for a FAIL is not green."""
