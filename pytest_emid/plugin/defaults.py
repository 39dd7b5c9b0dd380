"""What the fixtures give where nobody overrides them: what an option names."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from pytest_emid.data.dataset import Dataset
from pytest_emid.encoders.base import Encoders
from pytest_emid.models.base import Model
from pytest_emid.plugin.config import EmidConfig

__all__ = ["default_calibration", "default_dataset", "default_encoders", "default_model"]

CALIBRATION_SAMPLES: Final = 1000

UNDEFINED_MODEL: Final = """\
there is no model to test. Define the fixture emid_model in conftest.py:

    @pytest.fixture(scope="session")
    def emid_model():
        return pytest_emid.models.load("path/to/model")  # or a Hub id, or a function (images, questions) -> answers

or name one: --emid-model=tiny-llava (built in), or emid_model = tiny-llava in the ini file."""

UNDEFINED_DATASET: Final = """\
there is no dataset to test on. Define the fixture emid_dataset in conftest.py:

    @pytest.fixture(scope="session")
    def emid_dataset():
        return pytest_emid.Dataset("mine", [pytest_emid.Sample("1", image, "What is it?", "A dog."), ...])

or name one: --emid-dataset=scenes (built in), a file, a folder or hub:OWNER/NAME:SPLIT, or emid_dataset = scenes in
the ini file."""


def default_model(config: EmidConfig) -> Model:
    """The model that the option names.

    Raises:
        pytest.UsageError: none is named; the message shows how to define the fixture.
        ModelError: the name is no model.
    """
    __tracebackhide__ = True
    if config.model is None:
        raise pytest.UsageError(UNDEFINED_MODEL)
    from pytest_emid import models

    signed = {"key_env": config.pack_key_env} if str(config.model).endswith(".json") else {}
    return models.load(config.model, **_backend_options(config), **signed)


def default_dataset(config: EmidConfig, rootdir: Path) -> Dataset:
    """The dataset that the option names, whole: a marker may ask for more samples than the option limit does.

    Raises:
        pytest.UsageError: none is named; the message shows how to define the fixture.
        DataError: the name is no dataset.
    """
    __tracebackhide__ = True
    if config.dataset is None:
        raise pytest.UsageError(UNDEFINED_DATASET)
    from pytest_emid import data

    start = config.start("dataset", rootdir)
    dataset = data.load(config.dataset, root=start, columns=config.columns, where=config.where)
    if config.limit > len(dataset) and _scenes_options(dataset) is not None:
        return data.load(config.dataset, n=config.limit)  # there are always more scenes
    return dataset


def default_encoders(config: EmidConfig, dataset: Dataset) -> Encoders:
    """The encoders that the option names.

    `auto` is the tiny pair for built-in data, and for any other the paper's, or offline the tiny one with a note.
    """
    from pytest_emid import encoders

    spec, options = config.encoders, _backend_options(config)
    if spec == "auto" and _scenes_options(dataset) is None:
        return encoders.paper_or_tiny(**options)
    return encoders.load("tiny" if spec == "auto" else spec, **options)


def default_calibration(dataset: Dataset) -> Dataset | None:
    """1,000 scenes in the language and domain of the tested ones, of which they share no picture; else None."""
    options = _scenes_options(dataset)
    if options is None:
        return None
    from pytest_emid.data import scenes_dataset

    language, domain = options["language"], options["domain"]
    return scenes_dataset(CALIBRATION_SAMPLES, stream="calibration", language=language, domain=domain)


def _scenes_options(dataset: Any) -> dict[str, str] | None:
    """Language and domain where a fixture's value is scenes, whoever made them; None for anything else."""
    from pytest_emid.data.scenes.sets import scenes_options

    return scenes_options(dataset) if isinstance(dataset, Dataset) else None


def _backend_options(config: EmidConfig) -> dict[str, Any]:
    options = {"batch_size": config.batch_size, "device": config.device}
    return {name: value for name, value in options.items() if value is not None}
