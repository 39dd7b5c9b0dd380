"""Which scenarios there are: scenes are shifted here; any other data is shifted as its authors published it."""

from functools import partial

from pytest_emid import shifts

PUBLISHED = {
    "synthetic": "changdae/llavabench-shift-synthetic-v1",
    "natural": "changdae/llavabench-shift-natural-v1",
}
SCENARIOS = {
    "synthetic": ("synthetic", "VTJ"),  # 34: shifted pictures, shifted questions, both
    "natural": ("natural", "VT"),  # 9: another domain, another language
    "natural_joint": ("natural", "J"),  # 18: both
}


def pytest_generate_tests(metafunc):
    """Give a test that takes one of these arguments its scenarios, under the paper's names."""
    dataset = metafunc.config.getoption("--emid-dataset") or metafunc.config.getini("emid_dataset")
    for argument in SCENARIOS.keys() & set(metafunc.fixturenames):
        suite, kinds = SCENARIOS[argument]
        if dataset == "scenes":
            listed = shifts.scenarios(f"scenes-{suite}")
        else:
            listed = shifts.scenarios(f"llavabench-{suite}", target=partial(published, PUBLISHED[suite]))
        chosen = [scenario for scenario in listed if scenario.kind in kinds]
        metafunc.parametrize(argument, chosen, ids=[scenario.alias for scenario in chosen])


def published(hub, scenario):
    """The split in which the authors published a scenario."""
    from pytest_emid import data

    return data.load_hub(hub, scenario.alias)
