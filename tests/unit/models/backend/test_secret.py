"""Secrets do not show: in any spelling, in any place, at any level of logging."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cache_doubles import make_samples
from canary import CANARY, forms, held
from hypothesis import given
from hypothesis import strategies as st
from scripted_server import completion, serving

from pytest_emid import encoders
from pytest_emid.cache import Cache
from pytest_emid.errors import EmidError, ModelError, UnavailableError
from pytest_emid.models import OpenAIServerModel
from pytest_emid.models.backend.secret import Scrubber, split_address

pytest.importorskip("openai")

FORMS = forms()


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_hidden_and_nothing_else(name: str) -> None:
    assert held(f"before {FORMS[name]} after")  # the detector sees it
    scrubbed = Scrubber([CANARY]).scrub(f"before {FORMS[name]} after")
    assert held(scrubbed) == []
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")
    assert "***" in scrubbed


@given(before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_base64_is_hidden_wherever_the_secret_stands_in_it(before: bytes, after: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert held(SCRUBBER.scrub(encode(before + CANARY.encode() + after).decode())) == []


SCRUBBER = Scrubber([CANARY])


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz .,", max_size=200))
def test_answers_stay_as_they_are(text: str) -> None:
    assert SCRUBBER.scrub(text) == text


@pytest.mark.parametrize("placeholder", ["none", "EMPTY", "x"])
def test_what_a_server_without_keys_is_given_is_no_secret(placeholder: str) -> None:
    assert Scrubber([placeholder]).scrub(f"The glass is {placeholder}.") == f"The glass is {placeholder}."


def test_a_short_secret_is_hidden_as_it_is_only() -> None:
    assert Scrubber(["ollama"]).scrub("ollama, Ollama") == "***, Ollama"


def test_a_scrubber_does_not_show_what_it_hides() -> None:
    assert repr(Scrubber([CANARY])) == "Scrubber([***])"


@pytest.mark.parametrize(
    ("address", "url", "user", "password"),
    [
        ("http://h:1/v1", "http://h:1/v1", "", ""),
        ("http://u:p%40q@h/v1/a@b", "http://h/v1/a@b", "u", "p@q"),
        ("https://token@[::1]:8/v1", "https://[::1]:8/v1", "token", ""),
    ],
)
def test_an_address_without_its_credentials(address: str, url: str, user: str, password: str) -> None:
    found = split_address(address)
    assert (found.url, str(found.user), str(found.password)) == (url, user, password)
    assert repr(found.user) == repr(found.password) == "***"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.02)
    monkeypatch.setattr("pytest_emid.models.server.chat.PAUSE", 0.01)
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)


def of(number: int) -> str:
    """The form that the answer to a question holds."""
    return list(FORMS.values())[number % len(FORMS)]


def error(status: int, text: str) -> tuple[dict[str, Any], dict[str, str]]:
    return {"status": status, "error": {"message": text, "code": text}}, {"x-request-id": CANARY}


BEHAVIOURS: dict[str, Callable[[int], Any]] = {
    "good": lambda i: completion(f"answer {i}"),
    "echoes it in the answer": lambda i: (completion(f"you sent {of(i)}."), {"x-api-key": CANARY}),
    "echoes it everywhere": lambda i: (
        {**completion("fine", model=f"m@{i + 1}"), "system_fingerprint": of(i), "provider": of(i), "usage": of(i)},
        {"x-request-id": CANARY, "set-cookie": f"key={CANARY}"},
    ),
    "refuses with it": lambda i: completion(None, refusal=f"not with {of(i)}"),
    "filters with it": lambda i: {"status": 400, "error": {"message": of(i), "code": "content_filter"}},
    "another model": lambda i: completion("fine", model=of(i)),
    "unknown finish reason": lambda i: completion("fine", reason=of(i)),
    "bad request": lambda i: error(400, f"{'x' * 280} {of(i)}"),
    "no access": lambda i: error(401, f"wrong key {of(i)}"),
    "no such model": lambda i: error(404, of(i)),
    "stumbles": lambda i: error(500, of(i)),
    "no JSON": lambda i: f'{{"choices": {of(i)}',
}


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING], ids=logging.getLevelName)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_no_server_brings_the_key_anywhere(
    behaviour: str, level: int, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(level)
    samples = make_samples(len(FORMS))
    told: list[str] = []
    with serving(lambda question, count: BEHAVIOURS[behaviour](int(question.split()[1]))) as server:
        # a password in the address, too: it takes the key's place in the header
        for url in (server.url, server.url.replace("http://", f"http://me:{CANARY.replace('/', '%2F')}@")):
            with Cache(tmp_path / "c.db") as cache:
                model = OpenAIServerModel("m", base_url=url, retries=0, concurrency=4, revision=str(len(url)))
                try:
                    told += [repr(response) for response in cache.respond(model, samples)]
                except EmidError as raised:
                    told.append(str(raised))
                cache.export_pack(tmp_path / "pack.json")
            told += [repr(model), repr(vars(model)), repr(vars(model.server)), str(model.identity)]
        sent = [headers["authorization"] for headers in server.headers]
    assert sent[0] == f"Bearer {CANARY}"
    assert sent[-1].startswith("Basic ")
    assert level > logging.DEBUG or "request_id" in caplog.text
    files = {path.name: path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()}
    places = {"told": "\n".join(told), "log": caplog.text, "printed": "".join(capfd.readouterr()), **files}
    assert {name: found for name, text in places.items() if (found := held(text))} == {}


@pytest.mark.parametrize("kind", ["chat", "embeddings"])
def test_a_client_s_own_error_is_in_no_frame(kind: str) -> None:
    from _pytest._io.saferepr import saferepr

    with serving(lambda question, count: error(401, CANARY)[0]) as server:
        server.embed = lambda body: error(401, CANARY)[0]
        model = OpenAIServerModel("m", base_url=server.url, retries=0)
        encoder = encoders.OpenAIServerTextEncoder("m", base_url=server.url, retries=0)
        ask = {"chat": lambda: list(model.respond(make_samples(2))), "embeddings": lambda: encoder.encode(["a"])}[kind]
        with pytest.raises(ModelError, match=r"no access") as caught:
            ask()
    shown, walked = [str(caught.value)], caught.value.__traceback__
    while walked is not None:
        if walked.tb_frame.f_code.co_filename != __file__:
            shown += [saferepr(value, maxsize=None) for value in walked.tb_frame.f_locals.values()]
        walked = walked.tb_next
    assert held("\n".join(shown)) == []


class TestKeys:
    @pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\t"])
    def test_white_space_around_a_key_is_left_out_with_a_warning(
        self, monkeypatch: pytest.MonkeyPatch, end: str
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", CANARY + end)
        with serving(lambda question, count: completion("fine")) as server:
            with pytest.warns(UserWarning, match="white space") as caught:
                list(OpenAIServerModel("m", base_url=server.url).respond(make_samples(2)))
            assert {headers["authorization"] for headers in server.headers} == {f"Bearer {CANARY}"}
        assert [str(warning.message) for warning in caught] == [
            "the API key in the environment variable OPENAI_API_KEY begins or ends with white space, such as a line's "
            "end, which is left out. Store it without."
        ]

    @pytest.mark.parametrize(
        ("key", "where"),
        [
            (f"{CANARY}\n{CANARY}", "that was given"),
            (f"{CANARY} x", "that was given"),
            (f"{CANARY}é", "that was given"),
            (f"{CANARY}\x00", "that was given"),
            (None, "in the environment variable OPENAI_API_KEY"),
        ],
        ids=["two lines", "two words", "accent", "zero byte", "environment"],
    )
    def test_a_key_that_no_header_can_carry(self, monkeypatch: pytest.MonkeyPatch, key: str | None, where: str) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", f"{CANARY}\n{CANARY}")
        with pytest.raises(ModelError) as caught:
            list(OpenAIServerModel("m", base_url="http://127.0.0.1:1/v1", api_key=key).respond(make_samples(1)))
        assert str(caught.value) == (
            f"the API key {where} holds white space, or characters that no request can carry. Copy it again: a key is "
            "one word of letters, digits and signs."
        )

    def test_a_key_of_white_space_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", " \n")
        monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
        with pytest.raises(ModelError, match="no API key: the environment variable OPENAI_API_KEY is not set"):
            list(OpenAIServerModel("m").respond(make_samples(1)))


class TestRedirects:
    def test_to_another_server_is_not_followed(self) -> None:
        with serving(lambda question, count: completion("gotcha")) as other:
            elsewhere = other.url.replace("http://", f"http://me:{CANARY.replace('/', '%2F')}@")
            with serving(lambda question, count: (307, {"location": f"{elsewhere}/chat/completions"})) as server:
                with pytest.raises(UnavailableError) as caught:
                    list(OpenAIServerModel("m", base_url=server.url).respond(make_samples(1)))
                assert sum(server.asked.values()) == 1
            assert sum(other.asked.values()) == 0
        assert str(caught.value) == (
            f"{server.url}, model 'm': HTTP 307: it sends requests on to another server, "
            f"{other.url.removesuffix('/v1')}, which is not followed, for that one would get the pictures. If it is "
            "the right one, give its address as base_url."
        )

    def test_within_the_server_is(self) -> None:
        def script(question: str, count: int) -> Any:
            return (307, {"location": "/v1/moved/chat/completions"}) if count == 1 else completion("moved")

        with serving(script) as server:
            found = dict(OpenAIServerModel("m", base_url=server.url).respond(make_samples(1)))
        assert found[0].text == "moved"
