"""A suite that has nothing to do with this plugin does not notice it."""

from __future__ import annotations

from pathlib import Path

import pytest

UNRELATED = "def test_x(): pass\ndef test_y(tmp_path): pass\n"
HEAVY = ("torch", "transformers", "numpy", "scipy", "PIL", "jinja2", "hypothesis", "sqlite3", "tqdm", "safetensors")
OURS = {
    "pytest_emid",
    "pytest_emid.plugin",
    "pytest_emid.plugin.config",
    "pytest_emid.plugin.option",
    "pytest_emid.plugin.options",
    "pytest_emid.plugin.parsing",
    "pytest_emid.plugin.provided",
    "pytest_emid.plugin.hooks",
    "pytest_emid.version",
}

# Written by an at-exit function, so that nothing can be imported after it looked.
SPY = """
import atexit, json, pathlib, sys
atexit.register(lambda: pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules))))
"""


def modules(path: Path) -> set[str]:
    import json

    return set(json.loads((path / "modules.json").read_text()))


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("arguments", [[], ["-n1"], ["--emid-seed=3"]], ids=["serial", "xdist", "configured"])
def test_nothing_heavy_is_imported_by_the_end_of_an_unrelated_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    # Other plugins of this environment may import what they like.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ["-p", "pytest_emid.plugin.hooks", *(["-p", "xdist"] if "-n1" in arguments else [])]
    pytester.makeconftest(SPY)
    pytester.makepyfile(UNRELATED)
    result = pytester.runpytest_subprocess(*plugins, *arguments)
    result.assert_outcomes(passed=2)
    loaded = modules(pytester.path)
    assert loaded & {*HEAVY} == set()
    ours = {name for name in loaded if name.partition(".")[0] == "pytest_emid"}
    if arguments != ["--emid-seed=3"]:
        watched = {"pytest_emid.plugin.patience"} if "-n1" in arguments else set()
        assert ours == OURS | watched


def test_an_unrelated_suite_has_no_hook_in_every_test(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        def pytest_runtest_teardown(item):
            assert not item.config.pluginmanager.has_plugin("emid-recording")
        """)
    pytester.makepyfile(UNRELATED)
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_no_file_is_left_in_an_unrelated_project(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(UNRELATED)
    before = {path.name for path in pytester.path.iterdir()}
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=2)
    assert {path.name for path in pytester.path.iterdir()} - before <= {"__pycache__"}


def test_collecting_touches_nothing(project: pytest.Pytester) -> None:
    project.makeconftest(
        "import pytest\n"
        "@pytest.fixture(scope='session')\n"
        "def emid_model(): raise AssertionError('loaded')\n"
        "@pytest.fixture(scope='session')\n"
        "def emid_dataset(): raise AssertionError('loaded')\n"
    )
    project.makepyfile("""
        import pytest
        from pytest_emid import assert_information_retained, shifts

        @pytest.mark.parametrize("shift", shifts.visual("defocus_blur", severity=[1, 3]), ids=str)
        def test_x(measure_emid, shift):
            assert_information_retained(measure_emid(shift), 0.9)
        """)
    before = {path.name for path in project.path.iterdir()}
    result = project.runpytest("--collect-only", "-q", "--emid-json=out.json", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.OK
    assert [line.partition("::")[2] for line in result.stdout.lines[:2]] == [
        "test_x[defocus_blur:1]",
        "test_x[defocus_blur:3]",
    ]
    assert {path.name for path in project.path.iterdir()} - before <= {"__pycache__"}


@pytest.mark.usefixtures("bare")
def test_collecting_imports_no_framework(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    project.makeconftest(SPY)
    project.makepyfile("""
        from pytest_emid import assert_bound_holds, assert_emid_below, assert_information_retained, shifts
        blurs = shifts.visual("defocus_blur", severity=[1, 3])
        def test_x(measure_emid): measure_emid(blurs[0])
        """)
    result = project.runpytest_subprocess("-p", "pytest_emid.plugin.hooks", "--collect-only")
    assert result.ret == pytest.ExitCode.OK
    assert modules(project.path) & {"torch", "transformers", "scipy", "hypothesis", "jinja2", "sqlite3"} == set()


def test_it_can_be_switched_off(project: pytest.Pytester) -> None:
    # In a project that uses the plugin that is an error of every test that measures, never a pass.
    project.makepyfile("def test_x(measure_emid): pass\ndef test_y(): pass\n")
    result = project.runpytest("-p", "no:emid")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E       fixture 'measure_emid' not found"])


@pytest.mark.parametrize("plugin", ["cacheprovider", "xdist", "terminalreporter", "capture", "junitxml", "tmpdir"])
def test_other_plugins_can_be_switched_off(project: pytest.Pytester, plugin: str) -> None:
    project.makepyfile("def test_x(measure_emid): measure_emid('blur:95')")
    result = project.runpytest_inprocess("-p", f"no:{plugin}", "--emid-json=out.json")
    assert result.ret == pytest.ExitCode.OK
    assert '"blur:95"' in (project.path / "out.json").read_text()


def test_the_cache_is_made_by_the_first_measurement_and_where_one_says(project: pytest.Pytester) -> None:
    project.makepyfile("def test_x(measure_emid): measure_emid('blur:95')")
    project.runpytest("--emid-cache-dir=none").assert_outcomes(passed=1)
    assert not (project.path / ".emid").exists()
    project.runpytest().assert_outcomes(passed=1)
    assert (project.path / ".emid").is_dir()
    project.runpytest("--emid-cache-dir=elsewhere/deep").assert_outcomes(passed=1)
    assert (project.path / "elsewhere" / "deep").is_dir()


def test_public_names_are_there_and_lazy() -> None:
    import pytest_emid

    assert sorted(pytest_emid.__all__) == sorted(set(pytest_emid.__all__))
    for name in pytest_emid.__all__:
        assert getattr(pytest_emid, name) is not None
        assert name in dir(pytest_emid)
    with pytest.raises(AttributeError, match=r"^module 'pytest_emid' has no attribute 'nothing'$"):
        pytest_emid.nothing  # noqa: B018
