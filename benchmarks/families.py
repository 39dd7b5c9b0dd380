"""Which families of image-text-to-text models answer, alone and in batches: the table in docs/how-to/weights.md.

Every family of `tests/support/families.py` is built tiny, with random weights, and asked seven questions about pictures
of two shapes, in batches of three and one by one, then about two pictures at once, and about none. About three minutes
on one core:

    python benchmarks/families.py            # prints the table
    python benchmarks/families.py --write    # puts it into docs/how-to/weights.md
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/how-to/weights.md"
BEGIN, END = "<!-- families: benchmarks/families.py -->\n", "<!-- families end -->\n"
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]


def row(name: str, folder: Path) -> str:
    """One family's line of the table."""
    from families import FAMILIES
    from tiny_models import samples_for

    from pytest_emid.models import Response, TransformersModel

    family = FAMILIES[name]
    needs = [f"`prompt={family.prompt!r}`"] if family.prompt else []
    needs += [f"`{family.package}`"] if family.package else []
    answered, same, batched, pictures = "not tried here", "", "", ""
    if not family.package or importlib.util.find_spec(family.package):
        samples = [*samples_for(4), *(s.with_(id=f"wide-{s.id}") for s in samples_for(3, (24, 40)))]
        found: list[dict[int, Response]] = []
        try:
            family.build(folder)
            models = [TransformersModel(folder, batch_size=size, prompt=family.prompt) for size in (3, 1)]
            found = [dict(model.respond(samples)) for model in models]
            answered = f"{sum(r.outcome != 'failed' for r in found[0].values())} of {len(samples)}"
            same = "yes" if found[0] == found[1] else "NO"
            batched = "one by one" if models[0]._engine._alone else "yes"
            pictures = held(models, samples)
        except Exception as error:
            answered = f"NO: {type(error).__name__}: {str(error)[:80]}"
    return f"| {name} | {', '.join(needs) or 'nothing'} | {answered} | {batched} | {same} | {pictures} |\n"


def held(models: list[Any], samples: list[Any]) -> str:
    """How many pictures a question may be about: of samples that are asked among others, batched and one by one."""
    one, other, third = samples[:3]
    pair = one.with_(id="pair", images=(one.image, other.image), question="Is <image 1> like <image 2>?")
    several = works(models, [one, pair, pair.with_(id="triple", images=(other.image, third.image, one.image)), third])
    none = works(models, [one, one.with_(id="none", images=()), other.with_(id="nothing", images=()), third])
    return {(False, False): "1", (True, False): "1 or more", (False, True): "0 or 1", (True, True): "any"}[
        several, none
    ]


def works(models: list[Any], samples: list[Any]) -> bool:
    """Whether all samples are answered, the same in batches and one by one."""
    from pytest_emid.errors import ModelError

    try:
        found = [dict(model.respond(samples)) for model in models]
    except ModelError:
        return False
    if any(response.outcome == "failed" for response in found[0].values()):
        return False
    if found[0] != found[1]:
        raise AssertionError("answers about several pictures, or none, depend on the batch")
    return True


def table() -> str:
    """The whole table."""
    import transformers
    from families import FAMILIES

    names = ("family", "needs", "answered", "batched", "batch of 3 = one by one", "pictures")
    head = f"| {' | '.join(names)} |\n{'| --- ' * len(names)}|\n"
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(name, Path(folder) / str(i)) for i, name in enumerate(FAMILIES)]
    versions = f"transformers {transformers.__version__}"
    if importlib.util.find_spec("torchvision"):
        versions += f", torchvision {version('torchvision')}"
    made = f"{versions}, float32, CPU; `python benchmarks/families.py --write`."
    return f"{head}{''.join(rows)}\n{made}\n"


def main() -> None:
    logging.disable(logging.WARNING)
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    made = table()
    sys.stdout.write(made)
    if "--write" in sys.argv[1:]:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + made + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
