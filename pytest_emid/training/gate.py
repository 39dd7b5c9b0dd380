"""Gates while a model is trained: every checkpoint that is written is measured under shifts, as CI would measure it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import distributed
from transformers import TrainerCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from pytest_emid import models
from pytest_emid.data.dataset import Dataset
from pytest_emid.encoders import Encoders
from pytest_emid.encoders import load as load_encoders
from pytest_emid.errors import EmidError
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.results import EmidResult

__all__ = ["GATED", "EmidGateCallback"]

GATED: Final = "emid_gate.json"
"""The file in a checkpoint that says what its gates found."""

Stop = Literal["fail", "pass"]


class EmidGateCallback(TrainerCallback):
    """Measures every checkpoint that the trainer writes, and marks or stops the run by a gate.

    What is judged is what was written, loaded as `--emid-model=CHECKPOINT` would load it: give the trainer the
    processor as `processing_class`, so that it is written too. Each checkpoint gets a file `emid_gate.json`, and the
    trainer's log a line for each shift. Processes other than the first wait: raise `ddp_timeout`
    where measuring takes longer.

    Args:
        gate: what tests call, such as `lambda result: assert_information_retained(result, 0.8)`. It passes where it
            returns, and raises AssertionError where it does not.
        dataset: clean samples that were not trained on.
        shifts: shifts or their ids, or other datasets.
        encoders: as for `--emid-encoders`.
        calibration: reference pairs that are not tested, to fit the critic on; without them it is fitted on the tested
            references, and some gates never pass.
        stop: `fail` stops the training at the first checkpoint with a gate that fails (UNDECIDED does not), `pass` at
            the first of which all pass; None only marks.
        seed: of the shifts.
        options: further arguments of `Measurer`.

    Raises:
        EmidError: no shifts, or an unknown `stop`. When it is called: the checkpoint cannot be measured.

    Example:
        >>> from pytest_emid import assert_information_retained
        >>> from pytest_emid.data import scenes_dataset
        >>> callback = EmidGateCallback(
        ...     lambda result: assert_information_retained(result, 0.8),
        ...     scenes_dataset(300),
        ...     ["fog:3", "snow:3"],
        ...     calibration=scenes_dataset(300, stream="calibration"),
        ...     stop="fail",
        ... )
    """

    def __init__(
        self,
        gate: Callable[[EmidResult], Any],
        dataset: Dataset,
        shifts: Sequence[str | Any],
        *,
        encoders: Encoders | str = "tiny",
        calibration: Dataset | None = None,
        stop: Stop | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        if isinstance(shifts, str) or not shifts:
            raise EmidError(f"shifts={shifts!r}: give a list of at least one shift, such as ['fog:3', 'snow:3'].")
        if stop not in ("fail", "pass", None):
            raise EmidError(f"stop={stop!r} is not legal. Legal: 'fail', 'pass' or None.")
        self.gate, self.dataset, self.shifts, self.stop = gate, dataset, tuple(shifts), stop
        self.encoders = load_encoders(encoders)
        self._options = {"calibration": calibration, "seed": seed, **options}

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Called by the trainer when it has written a checkpoint."""
        stop = False
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
            found = self.judged(folder)
            told = {"step": state.global_step, "gates": found}
            (folder / GATED).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
            state.log_history += [
                {"step": state.global_step, f"emid_gate/{one['scenario']}": one["verdict"]} for one in found
            ]
            verdicts = {one["verdict"] for one in found}
            stop = "FAIL" in verdicts if self.stop == "fail" else self.stop == "pass" and verdicts == {"PASS"}
        control.should_training_stop = control.should_training_stop or _said_by_first(stop, args.device)
        return control

    def judged(self, folder: Path) -> list[dict[str, str]]:
        """The verdict on each shift of the checkpoint in a folder, with its reasons.

        Raises:
            EmidError: it cannot be loaded or measured.
        """
        measurer = Measurer(models.load(str(folder)), self.dataset, self.encoders, **self._options)
        found = []
        for shift in self.shifts:
            result = measurer.measure(shift)
            try:
                self.gate(result)
                verdict, reason = "PASS", ""
            except AssertionError as error:
                reason = str(error)
                verdict = "UNDECIDED" if reason.lstrip().startswith("UNDECIDED") else "FAIL"
            found.append({"scenario": result.scenario, "verdict": verdict, "reason": reason})
        return found


def _said_by_first(stop: bool, device: torch.device) -> bool:
    """What the first process says, in all of them: a run that stops in one alone would hang."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return stop
    said = torch.tensor([int(stop)], device=device)
    distributed.broadcast(said, 0)
    return bool(said.item())
