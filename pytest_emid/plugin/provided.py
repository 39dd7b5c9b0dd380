"""The fixtures: what is measured and with what, each to be overridden in a conftest.py, and what measures.

Loaded in every pytest run, so that it imports nothing heavy.

PYTEST_DONT_REWRITE: this module asserts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_emid.plugin.config import CONFIG, SHARED, SHEET, START, shared_folder

if TYPE_CHECKING:
    from pytest_emid.data.dataset import Dataset
    from pytest_emid.encoders.base import Encoders
    from pytest_emid.models.base import Model
    from pytest_emid.plugin.fixtures import MeasureEmid

__all__ = [
    "emid_calibration",
    "emid_critic",
    "emid_dataset",
    "emid_encoders",
    "emid_judge",
    "emid_measures",
    "emid_metrics",
    "emid_model",
    "emid_normalise",
    "measure_emid",
]


@pytest.fixture(scope="session")
def emid_model(pytestconfig: pytest.Config) -> Model:
    """The model under test. Override it in conftest.py, with session scope:

    return pytest_emid.models.load("path/or/hub-id"), a function (images, questions) -> answers, or any object with
    name, fingerprint and respond(samples). Without an override it is what --emid-model or the ini value emid_model
    names; tiny-llava is built in.
    """
    from pytest_emid.plugin import defaults

    __tracebackhide__ = True
    return defaults.default_model(pytestconfig.stash[CONFIG])


@pytest.fixture(scope="session")
def emid_dataset(pytestconfig: pytest.Config) -> Dataset:
    """The clean evaluation set. Override it in conftest.py, with session scope, and return a pytest_emid.Dataset.

    Without an override it is what --emid-dataset or the ini value emid_dataset names: scenes (built in), a file, a
    folder, or hub:OWNER/NAME:SPLIT; see pytest_emid.data.load.
    """
    from pytest_emid.plugin import defaults

    __tracebackhide__ = True
    return defaults.default_dataset(pytestconfig.stash[CONFIG], pytestconfig.rootpath)


@pytest.fixture(scope="session")
def emid_encoders(pytestconfig: pytest.Config, emid_dataset: Dataset) -> Encoders:
    """The embeddings that measurements use. Override it to return pytest_emid.encoders.load(...) of your choice.

    Without an override it is what --emid-encoders names: tiny (built in), paper (CLIP ViT-B/32 and XLM-R base), or
    auto (default): tiny for scenes, paper for any other dataset.
    """
    from pytest_emid.plugin import defaults

    return defaults.default_encoders(pytestconfig.stash[CONFIG], emid_dataset)


@pytest.fixture(scope="session")
def emid_calibration(emid_dataset: Dataset) -> Dataset | None:
    """Clean samples, disjoint from emid_dataset, on whose references critic and whitening are fitted.

    Override it to return a Dataset of 300 or more. By default 1,000 further scenes of the same kind for scenes, and
    None for any other: the tested references themselves, which is valid but makes levels optimistic.
    """
    from pytest_emid.plugin import defaults

    return defaults.default_calibration(emid_dataset)


@pytest.fixture(scope="session")
def emid_critic(pytestconfig: pytest.Config) -> Any:
    """What EMI and EMID are measured with. Override it to return a name, or a fitted critic of the CLUB family.

    Without an override it is what --emid-critic names; witness, in nats, by default.
    """
    return pytestconfig.stash[CONFIG].critic


@pytest.fixture(scope="session")
def emid_normalise() -> Any:
    """A function text -> text: answers for which it gives the same differ in format only, which is no loss.

    Override it for answers of one's own kind. By default options, letters, numbers and short labels are recognised
    however they are dressed up ("(B)", "**B**", "The answer is B."): see pytest_emid.information.answers.
    """
    from pytest_emid.information.answers import answer_key

    return answer_key


@pytest.fixture(scope="session")
def emid_metrics(pytestconfig: pytest.Config) -> Any:
    """Scores of one's own: a dict of name to function (response, references, sample) -> float, the more the better.

    Override it to return such a dict, or names of library metrics (exact, anls, token_f1, ...; pytest_emid.metrics).
    references are all accepted answers of the sample. Without an override: those that --emid-metrics names, or none.
    """
    return pytestconfig.stash[CONFIG].metrics or {}


@pytest.fixture(scope="session")
def emid_measures(pytestconfig: pytest.Config) -> Any:
    """What assert_robust asks: names of measures with commas between them, or a dict of name to limit (None: at_most).

    retained, emid, names of metrics, and likelihood with a limit in nats an answer: "retained, anls, likelihood:0.5".
    Without an override it is what --emid-measures names; retained and emid by default.
    """
    return pytestconfig.stash[CONFIG].measures or "retained, emid"


@pytest.fixture(scope="session")
def emid_judge() -> Any:
    """Who scores answers against references, for assert_preference_above and the metric `preference`.

    Override it to return pytest_emid.Judge(model), or a model. None (default) judges nothing.
    """
    return None


@pytest.fixture(scope="session")
def measure_emid(
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    emid_model: Model,
    emid_dataset: Dataset,
    emid_encoders: Encoders,
    emid_calibration: Dataset | None,
    emid_critic: Any,
    emid_normalise: Any,
    emid_metrics: Any,
    emid_measures: Any,
    emid_judge: Any,
) -> Iterator[MeasureEmid]:
    """Measure the model under a shift: measure_emid(shift, *, limit=None, seed=None, repeat=None) -> EmidResult.

    shift is a shift (pytest_emid.shifts), its id such as "defocus_blur:3+keyboard:1", or another Dataset. Answers
    are asked once a run, and kept in --emid-cache-dir. Works from tests and fixtures of any scope; each test is
    measured with the fixtures of its own directory. measure_emid.against(other_model, shift): another model, the same.
    measure_emid.breaking_severity("defocus_blur", at_least=0.9): up to which severity the model holds.
    """
    from pytest_emid.plugin import fixtures, publishing, recorder
    from pytest_emid.plugin.reports.progress import progress_of

    if recorder.start(pytestconfig):
        # Asked for by name in a run whose tests do not mention it: record what is left of the test that runs.
        recorder.enter(request._pyfuncitem)
    # The other fixtures are requested so that they exist, and so that this one ends before them.
    progress = progress_of(pytestconfig)
    look = None
    if pytestconfig.stash[CONFIG].contact_sheet is not None:
        from pytest_emid.plugin.reports.contact_sheet import ContactSheet

        look = pytestconfig.stash.setdefault(SHEET, ContactSheet()).add
    shared = getattr(pytestconfig, "workerinput", {}).get(SHARED)
    measure = fixtures.MeasureEmid(
        pytestconfig.stash[CONFIG],
        pytestconfig.rootpath,
        progress,
        look,
        began=pytestconfig.stash[START],
        shared=shared,
        run=getattr(pytestconfig, "workerinput", {}).get("testrunuid"),  # pytest-xdist's, the same for all workers
        keep=publishing.keep_pictures(pytestconfig, shared or shared_folder(pytestconfig)),
        started=pytestconfig.invocation_params.dir,
    )
    yield measure
    measure.close()
