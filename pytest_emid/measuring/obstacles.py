"""What forbids a PASS, whatever the figures say. An obstacle never turns a FAIL into less."""

from __future__ import annotations

from pytest_emid.measuring.format import clip, measured
from pytest_emid.measuring.results import EmidResult

__all__ = ["collapse", "critic", "noted"]


def noted(result: EmidResult, measure: str) -> list[str]:
    """Those that were found when it was measured and concern this measure, in sentences."""
    return [obstacle.reason for obstacle in result.obstacles if not obstacle.on or measure in obstacle.on]


def critic(result: EmidResult) -> list[str]:
    """Why nothing that stands or falls with the critic may pass."""
    if result.critic.informative:
        return []
    r2 = measured(result.critic.r2)
    return [f"The critic is uninformative (held-out R2 {r2}), so EMI and EMID say nothing: no gate on them passes."]


def collapse(result: EmidResult) -> list[str]:
    """Why no gate on what was lost may pass: there was nothing to lose."""
    answers = {record.response for record in result.clean.records}
    if len(answers) > 1:
        return []
    return [
        f"All {result.clean.n} answers on clean data are the same ({clip(answers.pop(), 60)!r}): there is nothing that "
        "the shift could take away. Check the model, its prompt and its pictures."
    ]
