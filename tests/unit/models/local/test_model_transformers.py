"""What a LLaVA with random weights is asked, and how its answers are drawn and end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_answers import answers
from PIL import Image

from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.errors import DataError, ModelError
from pytest_emid.models import Outcome, Sampling, TransformersModel
from pytest_emid.models.local import engine as engine_module


def test_a_template_in_the_tokenizer_s_settings_only(llava: Path, tmp_path: Path, samples, greedy) -> None:
    other = tmp_path / "older"
    shutil.copytree(llava, other)
    settings = json.loads((other / "tokenizer_config.json").read_text())
    settings["chat_template"] = (other / "chat_template.jinja").read_text()
    (other / "tokenizer_config.json").write_text(json.dumps(settings))
    (other / "chat_template.jinja").unlink()
    assert answers(TransformersModel(other, batch_size=3), samples) == greedy


@pytest.mark.parametrize("prompt", [None, "USER: <image>\n{question} ASSISTANT:"])
def test_a_place_for_the_picture_in_the_question_is_the_picture_s(llava: Path, samples, prompt) -> None:
    model = TransformersModel(llava, batch_size=3, prompt=prompt)
    placed = [sample.with_(question=f"<image>\n{sample.question}") for sample in samples[:3]]
    assert dict(model.respond(placed)) == dict(model.respond(samples[:3]))


def test_a_question_about_two_pictures_is_an_error(llava: Path, samples: list[Sample]) -> None:
    two = samples[0].with_(question="<image 1> or <image 2>?")
    with pytest.raises(DataError, match=r"^sample 's0' asks about 2 pictures \('<image 1> or <image 2>\?'\)"):
        list(TransformersModel(llava).respond([two]))


def test_a_prompt_beyond_the_context_fails_alone(llava: Path, samples: list[Sample], greedy) -> None:
    long = samples[0].with_(id="long", question="x" * 600)
    found = dict(TransformersModel(llava, batch_size=3).respond([*samples[1:5], long]))
    assert [found[i].text for i in range(4)] == [greedy[sample.id].text for sample in samples[1:5]]
    assert found[4].error.startswith("ValueError: the prompt has 6")
    assert found[4].error.endswith(
        " tokens, and the model reads at most 512 with its answer. Shorten the question, or make the picture smaller"
    )


class TestSampling:
    def test_depends_on_the_query_alone(self, llava: Path, samples: list[Sample], greedy) -> None:
        model = TransformersModel(llava, sampling=Sampling(temperature=2.0), seed=3)
        drawn = answers(model, samples)
        again = TransformersModel(llava, sampling={"temperature": 2.0}, seed=3)
        assert answers(again, samples[::-2]) == {sample.id: drawn[sample.id] for sample in samples[::-2]}
        assert again.fingerprint == model.fingerprint
        renamed = [sample.with_(id=f"other-{sample.id}") for sample in samples]
        assert list(answers(model, renamed).values()) == list(drawn.values())
        assert drawn != greedy
        assert all(response.entropy is not None and response.entropy > 1 for response in drawn.values())

    def test_seeds_differ(self, llava: Path, samples: list[Sample]) -> None:
        models = [TransformersModel(llava, sampling=Sampling(), seed=seed) for seed in (0, 1)]
        assert answers(models[0], samples) != answers(models[1], samples)
        assert models[0].fingerprint != models[1].fingerprint

    @pytest.mark.parametrize("how", [{"top_k": 1}, {"top_p": 1e-9}, {"temperature": 1e-7}])
    def test_without_choice_it_is_greedy(self, llava: Path, samples: list[Sample], greedy, how) -> None:
        drawn = answers(TransformersModel(llava, sampling=how), samples)
        assert {key: r.text for key, r in drawn.items()} == {key: r.text for key, r in greedy.items()}
        assert all(response.entropy == pytest.approx(0, abs=1e-3) for response in drawn.values())


def test_max_new_tokens(llava: Path, make_llava: Callable[..., Path], samples: list[Sample]) -> None:
    model = TransformersModel(llava, max_new_tokens=1)
    assert {r.outcome for r in answers(model, samples).values()} <= {Outcome.OK, Outcome.TRUNCATED}
    assert all(len(r.text) <= 1 for r in answers(model, samples).values())
    unlimited = TransformersModel(make_llava(limit=None))
    next(unlimited.respond(samples[:1]))
    assert unlimited._engine.generation.max_new_tokens == 256


def test_stop_strings_end_an_answer(llava: Path, samples: list[Sample], greedy) -> None:
    truncated = next(s for s in samples if greedy[s.id].outcome is Outcome.TRUNCATED)
    text = greedy[truncated.id].text
    letter = next(c for c in text if c.isascii() and c.isprintable() and not c.isspace())
    stopped = answers(TransformersModel(llava, generation={"stop_strings": [letter]}), [truncated])[truncated.id]
    assert stopped.outcome is Outcome.OK
    assert stopped.text == text[: text.index(letter) + 1]


def test_system_prompt_and_own_prompt_change_answers(llava: Path, samples: list[Sample], greedy) -> None:
    assert answers(TransformersModel(llava, system="Be brief."), samples) != greedy
    same = TransformersModel(llava, prompt="USER: <image>\n{question} ASSISTANT:")
    assert {k: r.text for k, r in answers(same, samples).items()} == {k: r.text for k, r in greedy.items()}


def test_a_model_that_fails_on_everything(llava: Path, samples: list[Sample], monkeypatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("device lost")

    monkeypatch.setattr(engine_module.Engine, "answer", broken)
    with pytest.raises(ModelError) as caught:
        answers(TransformersModel(llava, batch_size=2, name="tiny"), samples)
    assert str(caught.value).startswith("tiny: none of the first 2 samples could be answered; sample 's")
    assert str(caught.value).endswith("RuntimeError: device lost. Nothing was cached for them.")


def test_an_unreadable_picture_names_the_sample(llava: Path) -> None:
    sample = Sample("7", LazyImage(lambda: Image.open("/nowhere.png"), "nowhere.png"), "What?", "x")
    with pytest.raises(DataError, match=r"sample .7.: cannot read its image from nowhere\.png"):
        answers(TransformersModel(llava), [sample])


def test_lone_surrogates_do_no_harm(llava: Path, samples: list[Sample]) -> None:
    found = answers(TransformersModel(llava), [samples[0].with_(question="what \ud800 is?")])
    assert found["s0"].outcome is not Outcome.FAILED
