"""A key, in every form, from every kind of server, at every log level: in no file and no line of a pytest run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from canary import CANARY, forms, held
from scripted_server import ScriptedServer, completion, embeddings, serving

pytest.importorskip("openai")

SUPPORT = Path(__file__).parents[1] / "support"
FORMS = list(forms().values())

BACKENDS = {
    "chat": "models.OpenAIServerModel('m', base_url=URL, retries=0, concurrency=2, revision=NAME)",
    "address": "models.OpenAIServerModel('m', base_url=SECRET_URL, retries=0, concurrency=2, revision=NAME)",
    "fleet": "models.load('openai:m', base_url=[URL, URL2], retries=0, concurrency=2, revision=NAME)",
    "encoder": "encoders.OpenAIServerTextEncoder('m', base_url=URL, retries=0, revision=NAME)",
}
"""Everything that talks to a server, by what makes it."""

SUITE = f"""
import sys
sys.path.insert(0, {str(SUPPORT)!r})

import logging
import pytest
from cache_doubles import make_samples
from pytest_emid import encoders, models
from pytest_emid.cache import Cache
from servers import SECRET_URL, URL, URL2

BACKENDS = {BACKENDS!r}


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("behaviour", ["good", "echoing", "failing"])
def test_it(behaviour, backend, level, caplog):
    caplog.set_level(level)
    NAME = f"{{behaviour}} {{level}}"
    made = eval(BACKENDS[backend])
    samples = [s.with_(question=f"{{behaviour}} {{i}} ?") for i, s in enumerate(make_samples({len(FORMS)}))]
    shown = repr(made), vars(made)  # --showlocals
    with Cache("kept") as cache:
        if backend == "encoder":
            said = cache.encode_texts(made, [s.question for s in samples])
        else:
            said = cache.respond(made, samples)
    print(said)
    assert not shown, shown
"""


def script(question: str, count: int) -> Any:
    """What a server does follows from the question's first words: every form of the key has its turn."""
    behaviour, number, *_ = question.split()
    form = FORMS[int(number) % len(FORMS)]
    if behaviour == "good":
        return completion(f"answer {number}")
    if behaviour == "echoing":
        said = completion(f"you sent {form} with {number}")
        more = {"system_fingerprint": form, "provider": form, "usage": form}
        return {**said, **more}, {"x-request-id": CANARY, "set-cookie": f"key={CANARY}"}
    return {"status": (400, 401, 404, 500)[int(number) % 4], "error": {"message": f"{form}: no", "code": form}}


def embed(body: dict[str, Any]) -> Any:
    text = next((text for text in body["input"] if text.split()[0] in ("echoing", "failing")), "")
    if text.startswith("failing"):
        return {"status": 401, "error": {"message": f"wrong key {FORMS[len(text) % len(FORMS)]}", "code": None}}
    return {**embeddings(body), **({"model": FORMS[3], "id": CANARY} if text else {})}


def addresses(*servers: ScriptedServer) -> str:
    one, other = (server.url for server in servers)
    secret = one.replace("http://", f"http://me:{CANARY.replace('/', '%2F')}@")
    return f"URL, URL2, SECRET_URL = {one!r}, {other!r}, {secret!r}\n"


def test_no_output_of_a_run_holds_the_key(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{CANARY}\n")  # as CI systems hand it over
    everything = (
        "-vv",
        "-rA",
        "--showlocals",
        "--tb=long",
        "-o",
        "log_cli=true",
        "-o",
        "junit_logging=all",
        "--junit-xml=j.xml",
    )
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_x=SUITE)
    with serving(script) as one, serving(script) as other:
        one.embed = other.embed = embed
        pytester.makepyfile(servers=addresses(one, other))
        run = pytester.runpytest_subprocess("-p", "no:xdist", *everything)
        sent = {headers["authorization"] for headers in one.headers}
    packed = pytester.run(sys.executable, "-m", "pytest_emid", "pack", "answers.json", "--cache", "kept")
    (pytester.path / "servers.py").unlink()  # where this test keeps it
    run.assert_outcomes(failed=3 * len(BACKENDS) * 3)
    assert packed.ret == 0
    assert f"Bearer {CANARY}" in sent
    assert any(header.startswith("Basic ") for header in sent)
    said = run.stdout.str() + run.stderr.str() + packed.stdout.str()
    assert "DEBUG " in said
    assert said.count("answer 3") > 0 < said.count("you sent *** with 0")
    files = [path for path in pytester.path.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    places = {path.name: path.read_bytes().decode("latin-1") for path in files}
    assert {"j.xml", "cache.sqlite", "answers.json"} <= set(places)
    found = {name: [form for form in FORMS if form in text] for name, text in {**places, "terminal": said}.items()}
    assert {name: forms for name, forms in found.items() if forms} == {}
    assert held(places["answers.json"]) == []
