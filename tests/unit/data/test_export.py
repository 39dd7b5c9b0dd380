import hashlib
import json
from importlib.metadata import version

import numpy as np
import pytest
from PIL import Image

from pytest_emid import shifts
from pytest_emid.data import Dataset, LazyImage, Sample, scenes_dataset
from pytest_emid.data.export import export, load_exported
from pytest_emid.data.sample import image_digest
from pytest_emid.errors import DataError

SHIFT = "gaussian_noise:3+keyboard:2"


def fields(dataset):
    return [(s.id, s.question, s.reference, s.category, s.cluster_id, image_digest(s.open_image())) for s in dataset]


def refused(folder, **options):
    with pytest.raises(DataError) as caught:
        load_exported(folder, **options)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path):
    export(scenes_dataset(6), tmp_path / "x")
    return tmp_path / "x"


def test_a_shifted_dataset_comes_back_bit_for_bit(tmp_path):
    clean = scenes_dataset(9)
    shift = shifts.parse(SHIFT)
    noted = export(clean, tmp_path / "deep" / "x", shift=shift, seed=4, parameters={"why": "audit"})
    shifted = shift.apply(clean, 4)
    loaded = load_exported(tmp_path / "deep" / "x", sha256=noted)
    assert loaded.name == shifted.name == f"scenes/{SHIFT}"
    assert fields(loaded) == fields(shifted) != fields(clean)
    assert loaded.fingerprint == Dataset("content", shifted).fingerprint
    manifest = json.loads((tmp_path / "deep" / "x" / "manifest.json").read_text())
    assert manifest["shift"] == {
        "id": SHIFT,
        "modality": "joint",
        "paired": True,
        "seed": 4,
        "clean": {"name": "scenes", "fingerprint": clean.fingerprint},
    }
    assert (manifest["samples"], manifest["parameters"]) == (9, {"why": "audit"})
    assert manifest["fingerprint"] == shifted.fingerprint
    assert manifest["made_with"]["pillow"] == version("pillow")
    for name, file in manifest["files"].items():
        content = (tmp_path / "deep" / "x" / name).read_bytes()
        assert file == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_equal_datasets_give_equal_folders_and_share_pictures(tmp_path):
    first, second = (export(scenes_dataset(6), tmp_path / name) for name in "ab")
    assert first == second == hashlib.sha256((tmp_path / "a" / "manifest.json").read_bytes()).hexdigest()
    files = [sorted(p.relative_to(tmp_path / n) for p in (tmp_path / n).rglob("*") if p.is_file()) for n in "ab"]
    assert files[0] == files[1]
    assert len(files[0]) == 2 + 2  # two pictures of three questions each
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files[0])
    loaded = load_exported(tmp_path / "a")
    assert loaded[0].image is loaded[2].image
    export(loaded, tmp_path / "c")
    assert (tmp_path / "c" / "samples.jsonl").read_bytes() == (tmp_path / "a" / "samples.jsonl").read_bytes()


def test_every_text_and_every_mode_survives(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 4), dtype=np.uint8)
    images = [Image.fromarray(pixels), Image.fromarray(pixels[..., 0]), Image.fromarray(pixels).quantize(7)]
    images.append(LazyImage(lambda: images[1], "made"))
    texts = ["a\u2028b\r\n", "\ud800 lone", "\u05d0\u200f \U0001f600", " padded \x00"]
    samples = [Sample(f"\u00e9{i}/..", image, texts[i], texts[-i], cluster="c" * i) for i, image in enumerate(images)]
    dataset = Dataset("n\u00e4me", samples)
    export(dataset, tmp_path / "x")
    loaded = load_exported(tmp_path / "x")
    assert fields(loaded) == fields(dataset)
    assert (loaded.name, loaded.fingerprint) == (dataset.name, dataset.fingerprint)


def test_metadata_of_pictures_is_not_written(tmp_path):
    image = Image.new("RGB", (2, 2))
    image.info["comment"] = image.info["icc_profile"] = b"secret place"
    export(Dataset("x", [Sample("a", image, "?", ".")]), tmp_path / "x")
    (png,) = (tmp_path / "x" / "images").iterdir()
    assert b"secret" not in png.read_bytes()
    assert b"iCCP" not in png.read_bytes()


@pytest.mark.parametrize("edit", ["change", "remove", "add"])
@pytest.mark.parametrize("kind", ["samples.jsonl", "image"])
def test_tampering_names_the_file(folder, edit, kind):
    path = folder / kind if kind != "image" else min((folder / "images").iterdir())
    name = path.relative_to(folder).as_posix()
    if edit == "remove":
        path.unlink()
        expected = f"{folder}: {name} is missing. Copy the whole folder again."
    elif edit == "change":
        path.write_bytes(path.read_bytes().replace(b"red", b"ash") + b"\n")
        expected = f"{folder}: {name} is not as it was written (sha256 differs). Copy the whole folder again."
    else:
        path.with_name("extra").write_text("")
        name = path.with_name("extra").relative_to(folder).as_posix()
        expected = f"{folder}: {name} is not in the manifest. Remove it, or copy the whole folder again."
    assert refused(folder) == expected


def forge(folder, name, content):
    """Change a file and the manifest with it."""
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / name).write_bytes(content)
    manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_forged_manifest_is_not_the_noted_one(folder):
    noted = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    forge(folder, "samples.jsonl", (folder / "samples.jsonl").read_bytes().replace(b"scene-", b"forge-"))
    found = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert refused(folder, sha256=noted) == (
        f"{folder / 'manifest.json'}: its sha256 is {found}, not {noted}. This is not the dataset that was exported."
    )
    assert load_exported(folder)[0].id.startswith("forge-")


def test_pixels_are_checked_when_they_are_opened(folder):
    first, second = sorted((folder / "images").iterdir())
    forge(folder, f"images/{first.name}", second.read_bytes())
    dataset = load_exported(folder)
    wrong = next(s for s in dataset if first.name in s.image.source)
    with pytest.raises(DataError) as caught:
        wrong.open_image()
    assert str(caught.value).endswith(
        f": the pixels of {first} are not those that were written. Copy the whole folder again."
    )


def test_a_manifest_cannot_name_files_outside_its_folder(folder):
    forge(folder, "../secret.png", b"secret")
    assert refused(folder) == (
        f"{folder / 'manifest.json'}: '../secret.png' leads out of the dataset's folder {folder}. "
        "Move the file into it, or pass the folder that holds all files."
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"id": "a"}, "a sample has id, image, question, reference, category, cluster, all text; this one has id."),
        (
            {"id": "a", "image": "images/none.png", "question": "?", "reference": ".", "category": "", "cluster": ""},
            "image 'images/none.png' is not in the manifest. Copy the whole folder again.",
        ),
    ],
)
def test_forged_samples(folder, line, message):
    forge(folder, "samples.jsonl", json.dumps(line).encode())
    assert refused(folder) == f"{folder / 'samples.jsonl'}, line 1: {message}"
    forge(folder, "samples.jsonl", b"")
    assert refused(folder) == f"{folder}: 0 samples, but the manifest says 6. Copy the whole folder again."


@pytest.mark.parametrize("content", ["[", "[]", "{}", '{"format": "pytest-emid dataset", "version": 1, "files": []}'])
def test_damaged_manifests(folder, content):
    (folder / "manifest.json").write_text(content)
    assert refused(folder) == f"{folder / 'manifest.json'}: damaged. Copy the whole folder again."


def test_other_folders(tmp_path, folder):
    assert refused(tmp_path) == (
        f"{tmp_path}: there is no manifest.json. This folder was not exported, or not to the end."
    )
    (folder / "manifest.json").write_text('{"format": "pytest-emid dataset", "version": 2}')
    assert refused(folder) == (
        f"{folder / 'manifest.json'}: 'pytest-emid dataset' version 2, not 'pytest-emid dataset' version 1. "
        "Read it with the version of pytest-emid that wrote it."
    )


def test_what_cannot_be_exported(tmp_path):
    dataset = scenes_dataset(3)
    (tmp_path / "file").write_text("")
    for target in (tmp_path, tmp_path / "file"):
        with pytest.raises(DataError) as caught:
            export(dataset, target)
        assert str(caught.value) == (f"export to {target}: there is something already. Name a new or an empty folder.")
    with pytest.raises(DataError) as caught:
        export(dataset, tmp_path / "new", parameters={"x": float("nan")})
    assert str(caught.value).startswith(f"export to {tmp_path / 'new'}: parameters are not JSON: ")
    assert not (tmp_path / "new").exists()
