"""The regulariser in transformers' `Trainer`: a mixin, and the trainer that it makes."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer

from pytest_emid.errors import ModelError
from pytest_emid.training.reading import picture_token, read_states
from pytest_emid.training.regulariser import EmidRegulariser
from pytest_emid.training.resuming import named_otherwise, restore
from pytest_emid.training.schedule import Schedule

__all__ = ["EmidTrainer", "EmidTrainerMixin"]


class EmidTrainerMixin:
    """Adds a regulariser to the loss of a `Trainer` class: `class Mine(EmidTrainerMixin, SFTTrainer): ...`.

    Batches come from `Collator`, so that the arguments of the trainer must say `remove_unused_columns=False`. The terms
    of every step are logged as `emid/<term>`, with `emid/scale`. Evaluation is left alone: its loss has no terms, so
    that models with and without them can be compared by it.

    A resumed run goes on from the weights of its checkpoint also where transformers would not find them by name.

    Gradient accumulation: terms are averaged over the micro-batches of a step by their number of pairs, and the answer
    loss over all tokens as ever. A divergence of a set is not the mean of those of its parts, so set the regulariser's
    `pairs` to the size of a micro-batch where runs with and without accumulation are to be the same.

    Args:
        regulariser: None trains without.
        schedule: the regulariser's scale by the share of training that is done; 1 throughout by default.
        layer: see `read_states`.
        args, kwargs: for the trainer.

    Example:
        >>> from transformers import Seq2SeqTrainer
        >>> class Mine(EmidTrainerMixin, Seq2SeqTrainer):
        ...     pass
    """

    def __init__(
        self,
        *args: Any,
        regulariser: EmidRegulariser | None = None,
        schedule: Schedule | None = None,
        layer: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.regulariser, self._schedule, self._layer = regulariser, schedule, layer
        self._pairs = 0
        self._told: dict[str, float] = defaultdict(float)
        super().__init__(*args, **kwargs)
        if self._trainer.args.remove_unused_columns:
            raise ModelError(
                "the trainer would drop what it does not know from samples and views: set "
                "remove_unused_columns=False in its TrainingArguments."
            )

    @property
    def _trainer(self) -> Any:
        """This object as the trainer that it is mixed into, whose types are not known here."""
        return self

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """As the trainer's; notes how many pairs the step has in all."""
        parent: Any = super()
        batches, items = parent.get_batch_samples(epoch_iterator, num_batches, device)
        self._pairs = sum(len(batch["labels"]) // 2 for batch in batches if batch.get("views") == 2)
        return batches, items

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The trainer's loss, and while training the terms."""
        parent: Any = super()
        inputs = dict(inputs)
        views = inputs.pop("views", 1)
        if self.regulariser is None or not model.training:
            return parent.compute_loss(model, inputs, return_outputs, num_items_in_batch)
        if views != 2:
            raise ModelError("a regulariser needs both views of each sample: train on training.Views, by its Collator.")
        inputs["output_hidden_states"] = True
        loss, outputs = parent.compute_loss(model, dict(inputs), True, num_items_in_batch)
        terms = self._terms(outputs, inputs) * self._share(inputs, num_items_in_batch)
        loss = loss + terms.to(loss)
        return (loss, outputs) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """As the trainer's, with the mean of each term over the steps since it was last told."""
        if "loss" in logs and self._told:
            steps = self._told.pop("steps")
            logs.update({f"emid/{name}": total / steps for name, total in self._told.items()})
            self._told.clear()
        parent: Any = super()
        parent.log(logs, start_time)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if not self._restored(resume_from_checkpoint):
            parent: Any = super()
            parent._load_from_checkpoint(resume_from_checkpoint, model)

    def _load_best_model(self) -> None:
        if not self._restored(self._trainer.state.best_model_checkpoint):
            parent: Any = super()
            parent._load_best_model()

    def _restored(self, checkpoint: str) -> bool:
        """Whether the weights had to be read by other names, and were; sharded ones are left to the trainer."""
        trainer = self._trainer
        if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
            return False
        if not named_otherwise(trainer.model, Path(checkpoint)):
            return False
        restore(trainer.model, Path(checkpoint))
        return True

    def _terms(self, outputs: Any, inputs: dict[str, Any]) -> torch.Tensor:
        trainer, regulariser = self._trainer, self.regulariser
        assert regulariser is not None
        config = trainer.accelerator.unwrap_model(trainer.model).config
        states = read_states(
            outputs.hidden_states, outputs.logits, inputs, inputs["labels"], picture_token(config), self._layer
        )
        if self._schedule is not None:
            regulariser.scale = self._schedule(trainer.state.global_step / max(1, trainer.state.max_steps))
        found = regulariser(*states.halves())
        share = self._part(inputs)
        for name, value in {**found.terms, "scale": regulariser.scale}.items():
            self._told[name] += share * float(value)
        self._told["steps"] += share
        loss: torch.Tensor = found.loss
        return loss

    def _part(self, inputs: dict[str, Any]) -> float:
        """Of the step's pairs, the share that this micro-batch has."""
        return float(len(inputs["labels"]) // 2 / self._pairs) if self._pairs else 1.0

    def _share(self, inputs: dict[str, Any], num_items_in_batch: Any) -> float:
        """What a micro-batch's terms count, before what the trainer itself divides a loss by."""
        trainer = self._trainer
        scaled = getattr(trainer, "loss_is_scaled_for_ga", None)  # not there in older versions
        if scaled is None:
            scaled = (trainer.model_accepts_loss_kwargs and num_items_in_batch is not None) or (
                trainer.compute_loss_func is not None
            )
        return self._part(inputs) * (1 if scaled else trainer.current_gradient_accumulation_steps)


class EmidTrainer(EmidTrainerMixin, Trainer):
    """transformers' `Trainer` with a regulariser; see `EmidTrainerMixin`.

    Example:
        >>> def fine_tuned(model, processor, views, arguments):
        ...     regulariser = EmidRegulariser("rjsd_both", pairs=8)
        ...     trainer = EmidTrainer(
        ...         model, arguments, Collator(processor), views, processing_class=processor, regulariser=regulariser
        ...     )
        ...     trainer.train()
        ...     return trainer.model
    """
