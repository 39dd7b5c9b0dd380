"""Translation: parallel columns, translators, and what is kept of their output."""

import json
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from PIL import Image
from refusals import refused

from pytest_emid import shifts
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import Sample
from pytest_emid.errors import ShiftError


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    for name in shifts.names("textual"):
        if name.startswith("translate_"):
            shifts.unregister(name)


@pytest.fixture
def clean() -> Dataset:
    picture = Image.new("RGB", (40, 40), "red")
    return Dataset("toy", [Sample("a", picture, "What color is it?", "red"), Sample("b", picture, "Why?", "so")])


GERMAN = {"What color is it?": "Welche Farbe hat es?", "b": "Warum denn?"}


def test_a_mapping_by_question_or_by_sample(clean: Dataset) -> None:
    shift = shifts.translate(GERMAN, "de")
    assert str(shift) == "translate_de"
    assert [s.question for s in shift.apply(clean, 0)] == ["Welche Farbe hat es?", "Warum denn?"]
    assert shift.modality == "textual"
    assert shifts.parse("translate_de") == shift
    assert "translate_de" in shifts.names("textual")


def test_typos_come_after_the_translation(clean: Dataset) -> None:
    shifts.translate({"a": "zzzz", "b": "zzzz"}, "de")
    shift = shifts.parse("keyboard(layout=de):5+translate_de+contrast:1")
    assert str(shift) == "contrast:1+translate_de+keyboard(layout=de):5"
    assert shift.modality == "joint"
    for sample in shift.apply(clean, 0):
        assert len(sample.question) == 4
        assert set(sample.question) <= set("ztugh")


def test_fingerprints_follow_the_translations(clean: Dataset) -> None:
    found = set()
    for b in ("Warum?", "Wieso?"):
        found.add(shifts.translate({**GERMAN, "b": b}, "de", replace=True).apply(clean, 0).fingerprint)
    assert len(found) == 2


class FakeClient:
    """An OpenAI-compatible client that records what it is asked."""

    def __init__(self, content: str | None, finish_reason: str = "stop") -> None:
        self.requests: list[dict] = []
        self.answer = SimpleNamespace(message=SimpleNamespace(content=content), finish_reason=finish_reason)
        self.chat = SimpleNamespace(completions=self)

    def create(self, **request):
        self.requests.append(request)
        return SimpleNamespace(choices=[self.answer])


def taken() -> None:
    for _ in range(2):
        shifts.translate({}, "de")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda clean: shifts.translate({"a": "Farbe?"}, "de").apply(clean, 0), ShiftError,
         "translate_de: the mapping has neither the id of sample 'b' nor its question 'Why?'. "
         "Add one of them, or leave the sample out."),
        (lambda clean: shifts.translate({"a": " ", "b": "x"}, "de").apply(clean, 0), ShiftError,
         "translate_de: sample 'a' has an empty translation, ' ', of 'What color is it?'."),
        (lambda clean: shifts.translate({"a": 3, "b": "x"}, "de").apply(clean, 0), ShiftError,
         "translate_de: sample 'a' has an empty translation, 3, of 'What color is it?'."),
        (lambda clean: shifts.translate({"<image> Why?": "So?"}, "de").apply_text("<image> Why?", 0, "s"), ShiftError,
         "translate_de: the translation of sample 's' lost the placeholder '<image>': 'So?'."),
        (lambda clean: shifts.translate({}, "zh-CN"), ShiftError,
         "language 'zh-CN' cannot be part of an id: use letters, digits and underscores."),
        (lambda clean: shifts.translate({}, None), ShiftError,
         "language None cannot be part of an id: use letters, digits and underscores."),
        (lambda clean: shifts.translate({}, "de", cache="c.jsonl"), ShiftError,
         "translate_de: a cache is for a function; a mapping needs none."),
        (lambda clean: shifts.translate("Welche Farbe hat es?", "de"), ShiftError,
         "translate_de: translations are a mapping from sample id or question, or a function, not str."),
        (lambda clean: taken(), ShiftError,
         "a shift named 'translate_de' is already registered. "
         "Choose another name, or pass replace=True to put yours in its place."),
        *(
            (lambda clean, said=said: shifts.ChatTranslator(FakeClient(*said), "some-model", "de")("Why?"), ShiftError,
             f"some-model gave no complete translation of 'Why?': it ended with {said[1]!r}.")
            for said in [("Waru", "length"), (None, "content_filter"), ("", "stop")]
        ),
    ],
)  # fmt: skip
def test_refusals(clean: Dataset, call, error, message) -> None:
    assert refused(lambda: call(clean), error) == message


def test_a_function_is_asked_once_and_its_output_is_kept(clean: Dataset, tmp_path) -> None:
    asked = []

    def shout(text: str) -> str:
        asked.append(text)
        return text.upper()

    path = tmp_path / "kept" / "translations.jsonl"
    for _ in range(2):
        shift = shifts.translate(shout, "loud", cache=path, replace=True)
        for _ in range(2):
            assert [s.question for s in shift.apply(clean, 0)] == ["WHAT COLOR IS IT?", "WHY?"]
    assert asked == ["What color is it?", "Why?"]
    assert [json.loads(line)["translation"] for line in path.read_text().splitlines()] == ["WHAT COLOR IS IT?", "WHY?"]
    shifts.translate(shout, "other", cache=path).apply(clean, 0)  # another language shares the file, not the lines
    assert len(asked) == 4


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x1c", "\r"])
def test_only_a_line_feed_ends_a_kept_line(odd: str, tmp_path) -> None:
    path = tmp_path / "translations.jsonl"
    clean = Dataset("odd", [Sample("a", Image.new("RGB", (2, 2)), f"What{odd}now?", "red")])
    shifted = [
        shifts.translate(str.upper, "loud", cache=path, replace=True).apply(clean, 0)[0].question for _ in range(2)
    ]
    assert shifted == [f"WHAT{odd}NOW?".upper()] * 2
    # a person, or another program, may write the characters themselves, and leave a line empty
    line = {"language": "quiet", "translator": "", "text": f"What{odd}now?", "translation": f"what{odd}now"}
    written = json.dumps(line, ensure_ascii=False)
    path.write_bytes(path.read_bytes() + f"\n{written}\n".encode())

    def never(text: str) -> str:
        raise AssertionError(text)

    assert shifts.translate(never, "quiet", cache=path).apply(clean, 0)[0].question == f"what{odd}now"


def test_a_failing_translator_keeps_nothing(clean: Dataset, tmp_path) -> None:
    def broken(text: str) -> str:
        raise TimeoutError("no answer")

    shift = shifts.translate(broken, "de", cache=tmp_path / "c.jsonl")
    assert refused(lambda: shift.apply(clean, 0), ShiftError) == (
        "translate_de: the translator failed on sample 'a': TimeoutError: no answer."
    )
    with pytest.raises(ShiftError, match="has an empty translation, '', of"):
        shifts.translate(lambda text: "", "de", cache=tmp_path / "c.jsonl", replace=True).apply(clean, 0)
    assert not (tmp_path / "c.jsonl").exists()


def test_a_damaged_cache_names_the_line(clean: Dataset, tmp_path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"language": "de", "translator": "", "text": "x", "translation": "y"}\n{"language": \n')
    with pytest.raises(ShiftError) as caught:
        shifts.translate(str.upper, "de", cache=path).apply(clean, 0)
    assert str(caught.value).startswith(f"{path}, line 2: not a kept translation (JSONDecodeError: ")
    assert str(caught.value).endswith("Repair or remove the line.")


def test_a_chat_translator_asks_the_server(clean: Dataset, tmp_path) -> None:
    client = FakeClient(" Warum? \n")
    translator = shifts.ChatTranslator(client, "some-model", "German")
    shift = shifts.translate(translator, "de", cache=tmp_path / "c.jsonl")
    assert [s.question for s in shift.apply(clean, 0)] == ["Warum?", "Warum?"]
    assert len(client.requests) == 2
    request = client.requests[1]
    assert (request["model"], request["temperature"]) == ("some-model", 0.0)
    assert "into German." in request["messages"][0]["content"]
    assert request["messages"][1] == {"role": "user", "content": "Why?"}
    other = shifts.ChatTranslator(client, "some-model", "German", settings={"temperature": 1.0})
    assert other.name != translator.name
