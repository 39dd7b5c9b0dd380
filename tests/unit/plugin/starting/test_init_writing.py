"""What the files of a first suite say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_emid.plugin.starting.wanted import Wanted
from pytest_emid.plugin.starting.writing import rendered

FUNCTION = Wanted(folder=Path("suite"), kind="function", name="no_such.module:answer")
NONE = "# no requirements.txt or pyproject.toml was here: add what the suite imports"


def lines_of(name: str, wanted: Wanted) -> list[str]:
    (text,) = [text for path, text in rendered(wanted).items() if path.name == name]
    return [line.strip().removeprefix("- ").removeprefix("run: ") for line in text.splitlines()]


@pytest.mark.parametrize(("ci", "file"), [("github", "robustness.yml"), ("gitlab", ".gitlab-ci.yml")])
@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({}, [NONE, "pip install 'pytest-emid'"]),
        ({"requirements.txt": "pillow"}, ["pip install 'pytest-emid' -r requirements.txt"]),
        ({"requirements.txt": "", "pyproject.toml": "[project]"}, ["pip install 'pytest-emid' -r requirements.txt"]),
        ({"pyproject.toml": '[project]\nname = "ours"'}, ["pip install 'pytest-emid' ."]),
        ({"pyproject.toml": "[build-system]"}, ["pip install 'pytest-emid' ."]),
        ({"pyproject.toml": "[tool.ruff]"}, [NONE, "pip install 'pytest-emid'"]),
        ({"pyproject.toml": "damaged ["}, [NONE, "pip install 'pytest-emid'"]),
    ],
    ids=["nothing", "requirements", "both", "project", "build system", "tools alone", "damaged"],
)
def test_the_workflow_installs_what_the_project_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: dict[str, str], said: list[str], ci: str, file: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in there.items():
        (tmp_path / name).write_text(text)
    lines = lines_of(file, Wanted(folder=Path("suite"), kind="function", ci=ci))
    assert [line for line in lines if line.startswith(("pip ", "# no "))] == said
    (run,) = [line for line in lines if "--emid-json=run.json" in line]
    assert run.startswith("python -m pytest suite --emid-json=run.json --emid-html=run.html")


def test_a_conftest_is_read_where_the_function_is_not_installed() -> None:
    (text,) = [text for path, text in rendered(FUNCTION).items() if path.name == "conftest.py"]
    exec(compile(text, "conftest.py", "exec"), {"__name__": "conftest", "__file__": "conftest.py"})
    lines = lines_of("conftest.py", FUNCTION)
    start = lines.index("def emid_model():")
    assert lines[start + 1 : start + 7] == [
        "# imported here, so that a replay works where it is not installed",
        "from no_such.module import answer",
        "",
        "# (images, questions), lists of equal length -> as many answers; (image, question) -> answer with "
        "per_sample=True.",
        '# name what decides the answers, such as fingerprint="v3": without it none is kept, and every run asks again',
        'return pytest_emid.models.load(answer, name="my model", batch_size=8, fingerprint=None, greedy=False)',
    ]
