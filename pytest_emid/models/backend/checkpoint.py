"""Which weights: a folder in the Hugging Face format, or a Hub id at a revision, named without loading anything."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Set
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from pytest_emid.errors import ModelError

__all__ = ["Checkpoint", "device_for", "digest_of", "major_minor", "plain"]

_DECISIVE: Final = frozenset(
    ".json .jinja .safetensors .bin .gguf .h5 .msgpack .pt .pth .model .spm .txt .tiktoken .vocab .py".split()  # noqa: SIM905
)
"""Suffixes of the files that decide what a checkpoint computes."""
_IGNORED: Final = frozenset(
    {"training_args.bin", "trainer_state.json", "optimizer.bin", "scheduler.bin", "all_results.json"}
)
_SETTINGS: Final = ("preprocessor_config.json", "processor_config.json", "generation_config.json")
"""Files that say how pictures become numbers, and numbers answers."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_HUB_ID: Final = re.compile(r"[\w.-]+(/[\w.-]+)?")
_file_digests: dict[tuple[str, int, int], str] = {}
"""sha256 by (path, size, modification time): a process reads a weights file once."""


class Checkpoint:
    """A folder in the Hugging Face format, or a Hub id.

    Args:
        path_or_id: an existing folder, or an id such as `llava-hf/llava-1.5-7b-hf`.
        revision: branch, tag or commit on the Hub; None is its default branch. A folder has none.

    Raises:
        ModelError: neither a folder that holds `config.json` nor a possible Hub id; a revision for a folder.
    """

    def __init__(self, path_or_id: str | Path, revision: str | None = None) -> None:
        folder = Path(path_or_id).expanduser()
        self.is_folder = folder.is_dir()
        self.revision = revision
        if self.is_folder:
            if revision is not None:
                raise ModelError(f"{folder} is a folder, which has no revision {revision!r}. Leave the revision out.")
            if not (folder / "config.json").is_file():
                raise ModelError(
                    f"the folder {folder} holds no config.json, so it is no model in the Hugging Face format. "
                    "Save one there with save_pretrained (model and processor), or give a Hub id."
                )
            self.source = str(folder)
        else:
            self.source = str(path_or_id)
            if not _HUB_ID.fullmatch(self.source):
                raise ModelError(
                    f"{self.source!r} is neither a folder nor a Hub id. "
                    "Give an existing folder, or an id such as 'llava-hf/llava-1.5-7b-hf'."
                )

    @property
    def name(self) -> str:
        """The folder's name, or the Hub id."""
        return Path(self.source).resolve().name if self.is_folder else self.source

    @cached_property
    def fingerprint(self) -> str:
        """Identity of the weights: sha256 over the folder's decisive files, or `id@commit`.

        Raises:
            ModelError: the Hub's commit is not known: no network, and no copy in the local Hub cache.
        """
        return _folder_digest(Path(self.source)) if self.is_folder else f"{self.source}@{self.commit}"

    @cached_property
    def commit(self) -> str | None:
        """The commit that the revision points to now; None for a folder."""
        if self.is_folder:
            return None
        if self.revision is not None and _COMMIT.fullmatch(self.revision):
            return self.revision
        return _resolve(self.source, self.revision)

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """What `config.json` says; empty when the Hub cannot be reached for it."""
        if self.is_folder:
            text = (Path(self.source) / "config.json").read_text(encoding="utf-8")
        else:
            from huggingface_hub import hf_hub_download

            try:
                text = Path(hf_hub_download(self.source, "config.json", revision=self.commit)).read_text("utf-8")
            except Exception:
                return {}
        try:
            loaded = json.loads(text)
        except ValueError as error:
            raise ModelError(f"{self.source}: config.json is not JSON: {error}. Save the model again.") from error
        return loaded if isinstance(loaded, dict) else {}

    @cached_property
    def processing(self) -> Mapping[str, Any]:
        """What its files say of the processor and of generation; of the Hub's files, those that are here already."""
        return {name.removesuffix(".json"): said for name in _SETTINGS if (said := self._said(name))}

    def _said(self, name: str) -> Mapping[str, Any]:
        """A JSON file as it stands; empty where there is none, or nothing that can be read."""
        path: Any = Path(self.source) / name
        if not self.is_folder:
            from huggingface_hub import try_to_load_from_cache

            path = try_to_load_from_cache(self.source, name, revision=self.commit)
        try:
            said = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, TypeError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def dtype(self) -> str:
        """The precision that the weights were saved in, such as `float32`; empty when the config does not say."""
        said = self.config.get("dtype") or self.config.get("torch_dtype")
        if said is None:
            nested = self.config.get("text_config")
            said = (nested.get("dtype") or nested.get("torch_dtype")) if isinstance(nested, dict) else None
        return str(said).removeprefix("torch.") if said else ""


def _folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        # Hidden folders and the checkpoints of a training run are not part of the model.
        if any(part.startswith((".", "checkpoint-")) for part in inside.parts):
            continue
        if path.suffix not in _DECISIVE or path.name in _IGNORED or not path.is_file():
            continue
        name = inside.as_posix()
        digest.update(f"{len(name)}:{name}:{_file_digest(path)};".encode())
    return digest.hexdigest()


def _file_digest(path: Path) -> str:
    status = path.stat()
    key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
    if key not in _file_digests:
        with path.open("rb") as file:
            _file_digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _file_digests[key]


def _resolve(hub_id: str, revision: str | None) -> str:
    """The commit behind a branch or tag: from the Hub, or from the local cache when it cannot be reached."""
    import huggingface_hub
    from huggingface_hub import constants  # no attribute of the package until it is imported

    reason: Exception | None = None
    if not constants.HF_HUB_OFFLINE:
        try:
            found = huggingface_hub.HfApi().model_info(hub_id, revision=revision, timeout=20).sha
            if found:
                return str(found)
        except Exception as error:
            reason = error
    cached = huggingface_hub.try_to_load_from_cache(hub_id, "config.json", revision=revision)
    if isinstance(cached, str):
        commit = Path(cached).parent.name
        if _COMMIT.fullmatch(commit):
            return commit
    why = f" ({type(reason).__name__}: {str(reason).splitlines()[0][:200]})" if reason is not None else ""
    raise ModelError(
        f"cannot tell which commit {hub_id!r} is at revision {revision or 'main'!r}: the Hub did not answer{why}, and "
        "the local Hub cache has no copy. Check the id, the network and HF_TOKEN; or give a folder, or a full commit."
    ) from reason


def device_for(wanted: str) -> str:
    """`auto` made concrete: CUDA, then MPS, then CPU. torch is only imported where it could have an accelerator."""
    if wanted != "auto":
        return wanted
    if version("torch").endswith("+cpu"):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def major_minor(distribution: str) -> str:
    """`2.13` for an installed distribution, without importing it; `absent` when it is not installed."""
    try:
        return ".".join(version(distribution).split(".")[:2])
    except PackageNotFoundError:
        return "absent"


def plain(value: Any, where: str) -> Any:
    """`value` in JSON's types, the same in every process.

    Raises:
        ModelError: its text form holds a memory address, so that it would differ from run to run.
    """
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(value[key], f"{where}[{key!r}]") for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Set):  # in no order, which differs from process to process
        return {"set": sorted((plain(item, where) for item in value), key=repr)}
    if callable(getattr(value, "tolist", None)) and hasattr(value, "dtype"):  # a long array's text form has gaps
        return {str(value.dtype): plain(value.tolist(), where)}
    if callable(getattr(value, "to_dict", None)):
        return {type(value).__name__: plain(value.to_dict(), where)}
    text = repr(value)
    if " at 0x" in text:
        raise ModelError(
            f"{where} is {text}, which cannot be told apart from another one in the next run, so no answer could be "
            "cached. Give plain values (numbers, strings, dicts), or an object with a to_dict method."
        )
    return text


def digest_of(identity: Mapping[str, Any]) -> str:
    """sha256 hex of an identity in plain types, independent of key order."""
    text = json.dumps(identity, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
