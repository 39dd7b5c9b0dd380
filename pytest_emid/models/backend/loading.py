"""Loading processors and weights with transformers, in the way that this package needs. Imports transformers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import transformers
from transformers.utils import logging as transformers_logging

from pytest_emid.errors import ModelError

__all__ = ["BACKEND", "load_processor", "load_weights", "quietly"]

BACKEND: Final = "pil"
"""Pillow prepares the pictures: the same pixels with and without torchvision."""


@contextmanager
def quietly() -> Iterator[None]:
    """Without transformers' progress bar and load report, which would break into pytest's own lines."""
    chat: Any = transformers_logging
    bars, verbosity = chat.is_progress_bar_enabled(), chat.get_verbosity()
    chat.disable_progress_bar()
    chat.set_verbosity_error()
    try:
        yield
    finally:
        chat.set_verbosity(verbosity)
        if bars:
            chat.enable_progress_bar()


def load_weights(kind: Any, source: str, *, unused: tuple[str, ...] = (), **options: Any) -> Any:
    """`kind.from_pretrained`, with every weight from the checkpoint.

    Args:
        kind: a model class of transformers, or an auto class.
        source: a folder or Hub id.
        unused: parts (such as `pooler`) whose weights may be missing because their output is not used.
        options: for `from_pretrained`.

    Raises:
        ModelError: the checkpoint lacks weights, which would be random numbers.
    """
    with quietly():
        model, report = kind.from_pretrained(source, output_loading_info=True, **options)
    missing = sorted(key for key in report["missing_keys"] if not any(part in key.split(".") for part in unused))
    if missing:
        raise ModelError(
            f"{source} lacks {len(missing)} weights of a {type(model).__name__}, which would be random: "
            f"{', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}. "
            "Give a checkpoint of this kind of model."
        )
    return model


def load_processor(source: str, revision: str | None, trust_remote_code: bool) -> Any:
    """The processor of a model.

    Some processors also hold a video processor, which exists for torchvision only. They are put together from their
    other parts, which are all that a picture needs.
    """
    auto: Any = transformers  # its loaders are untyped
    options: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    kind = auto.PROCESSOR_MAPPING.get(type(auto.AutoConfig.from_pretrained(source, **options)), None)
    if kind is not None and "video_processor" in kind.get_attributes():
        processor = _without_video(kind, source, options)
    else:
        processor = auto.AutoProcessor.from_pretrained(source, backend=BACKEND, **options)
    if getattr(processor, "chat_template", None) is None:  # in tokenizer_config.json only, as older checkpoints have it
        template = getattr(getattr(processor, "tokenizer", None), "chat_template", None)
        if template is not None:
            processor.chat_template = template
    return processor


def _without_video(kind: Any, source: str, options: dict[str, Any]) -> Any:
    auto: Any = transformers

    class PicturesOnly(kind):  # type: ignore[misc]
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument_name == "video_processor" and argument is None:
                return None
            return super().check_argument_for_proper_class(argument_name, argument)

        def apply_chat_template(self, conversation: Any, **settings: Any) -> Any:
            # that of SmolVLM asks its video processor first
            return auto.ProcessorMixin.apply_chat_template(self, conversation, **settings)

    loaders: dict[str, Callable[[], Any]] = {
        "tokenizer": lambda: auto.AutoTokenizer.from_pretrained(source, **options),
        "image_processor": lambda: auto.AutoImageProcessor.from_pretrained(source, backend=BACKEND, **options),
        "video_processor": lambda: None,
    }
    PicturesOnly.__name__ = kind.__name__
    settings = kind.get_processor_dict(source, **options)[0]
    parts = [loaders[name]() for name in kind.get_attributes()]
    build: Any = PicturesOnly  # its class methods are untyped
    return build.from_args_and_dict(parts, settings)
