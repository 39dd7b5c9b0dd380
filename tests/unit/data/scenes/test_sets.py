import hashlib
import itertools

import numpy as np
import pytest
from refusals import refused

from pytest_emid import shifts
from pytest_emid.data import Dataset, load, scenes_dataset
from pytest_emid.data.scenes import scene as scenes
from pytest_emid.data.scenes.domains import DOMAINS
from pytest_emid.data.scenes.languages import LANGUAGES
from pytest_emid.data.scenes.sets import load_scenes, scenes_options, scenes_spec
from pytest_emid.errors import DataError


def test_three_questions_share_a_picture_and_a_cluster():
    dataset = scenes_dataset(9)
    assert dataset.ids[:3] == ("scene-000000-conversation", "scene-000000-detail", "scene-000000-complex")
    assert dataset.clusters[:4] == ("scene-000000",) * 3 + ("scene-000001",)
    first = [np.asarray(sample.open_image()) for sample in dataset[:3]]
    assert np.array_equal(first[0], first[1])
    assert np.array_equal(first[0], first[2])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 100])
def test_any_size_and_a_longer_set_begins_with_the_shorter(n):
    assert len(scenes_dataset(n)) == n
    longer = scenes_dataset(120)
    assert [(s.id, s.question, s.reference) for s in scenes_dataset(n)] == [
        (s.id, s.question, s.reference) for s in longer[:n]
    ]


def test_500_samples_do_not_repeat():
    dataset = scenes_dataset(500)
    pictures = {sample.cluster: sample.open_image().tobytes() for sample in dataset}
    assert len(set(pictures.values())) == 167
    assert len({(pictures[s.cluster], s.question) for s in dataset}) == 500


def test_fingerprints_name_size_seed_and_stream():
    prints = [
        scenes_dataset(30).fingerprint,
        scenes_dataset(31).fingerprint,
        scenes_dataset(30, seed=1).fingerprint,
        scenes_dataset(30, stream="calibration").fingerprint,
    ]
    assert len(set(prints)) == 4
    assert scenes_dataset(30).fingerprint == prints[0]


def test_streams_share_no_picture():
    def pictures(dataset):
        return {sample.open_image().tobytes() for sample in dataset}

    assert not pictures(scenes_dataset(300)) & pictures(scenes_dataset(300, stream="calibration"))


def test_load_by_name():
    assert load("scenes", 12, 3).fingerprint == scenes_dataset(12, 3).fingerprint
    assert len(load("scenes")) == 300


def test_the_english_evaluation_set_never_changes():
    # the shipped weights and the documented figures rest on it
    dataset = scenes_dataset(300)
    rows = [(s.id, s.question, s.reference, s.category, s.cluster_id, s.image.source) for s in dataset]
    drawn = [scenes.scene(scenes.generator(0, "evaluation", picture)) for picture in range(100)]
    things = [[(t.shape, t.color, t.size, t.place, t.x, t.y) for t in of.things] for of in drawn]
    paper = [(of.grey, of.noise, of.noise_seed) for of in drawn]
    assert dataset.name == "scenes"
    assert dataset.fingerprint == "c1c0ca7e73bafa6cc6fdc817f5cdf7c3272415d7f4992a7d01b3535ab7995163"
    assert (
        hashlib.sha256(repr((rows, things, paper)).encode()).hexdigest()
        == "cfafee62652b73f437cede58b96ae4d1ddc82fa996cefa6f0604754f6b7ade6d"
    )


@pytest.mark.parametrize("domain", DOMAINS)
def test_languages_of_a_domain_are_paired(domain):
    english = scenes_dataset(30, domain=domain)
    for code in LANGUAGES:
        other = scenes_dataset(30, language=code, domain=domain)
        assert other.ids == english.ids
        assert [s.reference for s in other] == [s.reference for s in english]
        assert [s.image.source for s in other] == [s.image.source for s in english]
        assert [s.open_image().tobytes() for s in other[:3]] == [s.open_image().tobytes() for s in english[:3]]
        assert all(s.question != e.question for s, e in zip(other, english, strict=True)) == (code != "en")


def test_domains_share_no_id_and_no_picture():
    sets = [scenes_dataset(60, domain=domain) for domain in DOMAINS]
    for a, b in itertools.combinations(sets, 2):
        assert not set(a.ids) & set(b.ids)
        assert not {s.open_image().tobytes() for s in a} & {s.open_image().tobytes() for s in b}


def test_fingerprints_name_language_and_domain():
    every = [scenes_dataset(9, language=code, domain=domain) for code in LANGUAGES for domain in DOMAINS]
    assert len({dataset.fingerprint for dataset in every}) == len(LANGUAGES) * len(DOMAINS)
    again = scenes_dataset(9, language="ko", domain="hard")
    assert again.fingerprint in {dataset.fingerprint for dataset in every}


@pytest.mark.parametrize(
    ("spec", "chosen"),
    [
        ("scenes:de", {"language": "de"}),
        ("scenes:hard", {"domain": "hard"}),
        ("scenes:hard:ko", {"language": "ko", "domain": "hard"}),
        ("scenes:training:en", {}),
    ],
)
def test_load_by_language_and_domain(spec, chosen):
    dataset = load(spec, 6, 1)
    assert dataset.fingerprint == scenes_dataset(6, 1, **chosen).fingerprint
    assert dataset.name == {"scenes:training:en": "scenes"}.get(spec, spec)


LISTED = (
    "Write scenes, scenes:LANGUAGE, scenes:DOMAIN or scenes:DOMAIN:LANGUAGE. Domains: training, easy, normal, hard. "
    "Languages: en (English), de (German), zh (Chinese), ko (Korean), el (Greek), ar (Arabic), hi (Hindi)."
)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        *(
            (lambda spec=spec: load(spec), DataError, f"dataset {spec!r} {problem}. {LISTED}")
            for spec, problem in [
                ("scenes:fr", "names 'fr', which is neither a domain nor a language"),
                ("scenes:hard:", "names '', which is neither a domain nor a language"),
                ("scenes:de:ko", "names two languages"),
                ("scenes:hard:easy", "names two domains"),
            ]
        ),
        (lambda: load_scenes("coco"), DataError, f"dataset 'coco' is not built in. {LISTED}"),
        (lambda: scenes_dataset(0), DataError, "scenes: cannot make 0 samples; ask for at least 1."),
        (lambda: scenes_dataset(3, language="fr"), DataError,
         "scenes: there is no language 'fr'. Languages: en (English), de (German), zh (Chinese), ko (Korean), "
         "el (Greek), ar (Arabic), hi (Hindi)."),
        (lambda: scenes_dataset(3, domain="coco"), DataError,
         "scenes: there is no domain 'coco'. Domains: training, easy, normal, hard."),
    ],
)  # fmt: skip
def test_refusals(call, error, message):
    assert refused(call, error) == message


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("domain", DOMAINS)
def test_scenes_know_how_to_make_more_of_their_kind(language, domain):
    dataset = load(scenes_spec(language, domain), 9)
    assert scenes_options(dataset) == {"language": language, "domain": domain}
    assert scenes_options(dataset.subset(3, seed=1)) == {"language": language, "domain": domain}


def test_what_is_called_scenes_but_is_none():
    mine = Dataset("scenes:de", [s.with_(image=s.open_image()) for s in load("scenes:de", 3)])
    blurred = shifts.parse("contrast:1").apply(load("scenes", 3), 0)
    assert scenes_options(mine) is None
    assert scenes_options(blurred) is None
