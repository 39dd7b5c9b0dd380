"""What a user may name as a model, and what naming it costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_emid import models
from pytest_emid.errors import ModelError
from pytest_emid.models import CallableModel, Model, OpenAIServerModel, RecordedModel, TransformersModel


def unreachable(*_: object, **__: object) -> None:
    raise OSError("no network")


def test_names(llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.hf_hub_download", unreachable)
    (tmp_path / "answers.jsonl").write_text('{"question_id": 1, "text": "x"}')
    built_in = models.load("tiny-llava", batch_size=3)
    assert isinstance(built_in, TransformersModel)
    assert (built_in.name, built_in.batch_size) == ("tiny-llava", 3)
    robust = models.load("tiny-llava-robust")
    assert isinstance(robust, TransformersModel)
    assert (robust.name, robust.exact) == ("tiny-llava-robust", True)
    assert robust.fingerprint != models.load("tiny-llava").fingerprint
    assert isinstance(models.load(llava), TransformersModel)
    assert models.load(str(llava)).name == llava.name
    hub = models.load("org/model", revision="a" * 40)
    assert isinstance(hub, TransformersModel)
    assert hub.identity["checkpoint"] == f"org/model@{'a' * 40}"
    assert isinstance(models.load(tmp_path / "answers.jsonl"), RecordedModel)
    assert isinstance(models.load(lambda images, questions: questions), CallableModel)
    assert models.load(built_in) is built_in
    server = models.load("openai:some/model", base_url="http://a/v1")
    assert isinstance(server, OpenAIServerModel)
    assert server.model == "some/model"


def test_options_without_meaning_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text('{"question_id": 1, "text": "x"}')
    for spec in ("openai:m", tmp_path / "answers.jsonl", lambda images, questions: questions):
        models.load(spec, batch_size=4, device="cpu")
    with pytest.raises(TypeError):
        models.load("openai:m", bath_size=4)


@pytest.mark.parametrize("kind", ["built-in", "recorded", "function"])
def test_what_is_made_is_a_model(kind: str) -> None:
    made = {
        "built-in": lambda: models.load("tiny-llava"),
        "recorded": lambda: RecordedModel({"a": "b"}),
        "function": lambda: CallableModel(print),
    }[kind]()
    assert isinstance(made, Model)
    assert len(made.fingerprint) == 64


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        models.load(3)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "cannot make a model of a int. Give 'tiny-llava', a folder, a Hub id, 'openai:NAME', a file of recorded "
        "answers (.jsonl), a replay pack (.json), a function (images, questions) -> answers, or an object with name, "
        "fingerprint and respond."
    )
    with pytest.raises(ModelError) as caught:
        models.load("no such/place here")
    assert str(caught.value) == (
        "'no such/place here' is neither a folder nor a Hub id. "
        "Give an existing folder, or an id such as 'llava-hf/llava-1.5-7b-hf'."
    )
    with pytest.raises(ModelError) as caught:
        models.load(tmp_path)
    assert str(caught.value) == (
        f"the folder {tmp_path} holds no config.json, so it is no model in the Hugging Face format. "
        "Save one there with save_pretrained (model and processor), or give a Hub id."
    )
    with pytest.raises(ModelError, match="is a model already, so batch_size cannot be set"):
        models.load(RecordedModel({"a": "b"}), batch_size=3)


NO_WEIGHTS = {
    "photos.csv": "'photos.csv' is a file, and no model. Recorded answers are a .jsonl, a replay pack is a .json; a "
    "checkpoint is the folder around its files.",
    "our.serving:answer": "'our.serving:answer' is a text, not a function. Give the function itself: from our.serving "
    "import answer, then models.load(answer).",
}


@pytest.mark.parametrize("spec", NO_WEIGHTS)
def test_a_file_and_a_function_in_words_are_not_looked_up(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos.csv").write_text("id,image,question,answer\n")
    with pytest.raises(ModelError) as caught:
        models.load(spec)
    assert str(caught.value) == NO_WEIGHTS[spec]


def test_a_folder_has_no_revision(llava: Path) -> None:
    with pytest.raises(ModelError, match="which has no revision 'main'"):
        models.load(llava, revision="main")


def test_a_hub_id_without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *a, **k: None)
    with pytest.raises(ModelError) as caught:
        _ = models.load("org/model").fingerprint
    assert str(caught.value) == (
        "cannot tell which commit 'org/model' is at revision 'main': the Hub did not answer, and the local Hub cache "
        "has no copy. Check the id, the network and HF_TOKEN; or give a folder, or a full commit."
    )
    copy = tmp_path / ("b" * 40) / "config.json"
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *a, **k: str(copy))
    assert models.load("org/model").checkpoint.fingerprint == f"org/model@{'b' * 40}"


def test_a_hub_id_before_anything_else_is_imported() -> None:
    # `huggingface_hub.constants` is no attribute of the package until somebody imports it
    code = "from pytest_emid import models; models.load('org/model').fingerprint"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert "ModelError: cannot tell which commit 'org/model' is at revision 'main'" in done.stderr


@pytest.mark.usefixtures("bare")
def test_a_fingerprint_imports_neither_torch_nor_transformers(llava: Path) -> None:
    code = (
        "import sys, pytest_emid.models as m\n"
        "model = m.load(sys.argv[1], device='cpu')\n"
        "print(model.fingerprint)\n"
        "print(sorted({'torch', 'transformers', 'numpy.random', 'sqlite3'} & set(sys.modules) - {'numpy.random'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(llava)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [TransformersModel(llava, device="cpu").fingerprint, "[]"]
