"""The same question in other words: paraphrases by rules, more words, and words before it.

Rules are English; a question in another language keeps its words (frames and preambles are English too: take
`shifts.parallel_text` for paraphrases of one's own). Options and whatever else is protected stay as they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import regex

from pytest_emid.information.choices import stated_options
from pytest_emid.information.facts.languages import language_of
from pytest_emid.shifts.perturbations.tokens import PROTECT, tokenize
from pytest_emid.shifts.registry import register_textual

__all__ = ["IRRELEVANT", "paraphrase", "preamble", "system_prompt", "verbosity"]

CONTRACTIONS: Final = (
    (r"\b(What|Where|Who|How|That|There|Here|It) is\b(?!\s*[?.!,]|$)", r"\1's"),
    (r"\b(what|where|who|how|that|there|it) is\b(?!\s*[?.!,]|$)", r"\1's"),
    (r"\b([Ii]s|[Aa]re|[Dd]oes|[Dd]o|[Dd]id|[Ww]as|[Ww]ere|[Cc]ould|[Ww]ould|[Ss]hould) not\b", r"\1n't"),
    (r"\b([Cc])annot\b", r"\1an't"),
    (r"\b(I) am\b", r"\1'm"),
)
PICTURE: Final = (
    (r"\b(the|this|an|a) image\b", lambda m: f"{'a' if m[1] == 'an' else m[1]} photo"),
    (r"\b(the|this|a) picture\b", r"\1 image"),
    (r"\bphotograph\b", "picture"),
)
FORMS: Final = (
    (r"\bWhat (colou?r) (?:is|are) (the [^?.,]+)\?", r"Which \1 do you see on \2?"),
    (r"\bWhat is the (colou?r) of (the [^?.,]+)\?", r"Which \1 do you see on \2?"),
    (r"\bHow many ([^?.,]+?) (?:are|is) there\b", r"What is the number of \1"),
    (r"\bHow many ([^?.,]+?) can you see\b", r"What is the number of \1"),
    (r"\bWhere (?:is|are) (?=the\b)", "In which place can you find "),
    (r"\bWhat(?:'s| is| are) (?:shown|visible|depicted) in\b", "What can you see in"),
    (r"\bWhat do you see in\b", "What is shown in"),
    (r"\bIs there (an?|any(?:one|thing|body)?)\b", r"Can you see \1"),
    (r"\bAre there any\b", "Can you see any"),
    (r"\bDo you see\b", "Can you see"),
    (r"\bDescribe (?=the\b|this\b)", "Give a description of "),
    (r"\bTell me (?=the\b)", "I want to know "),
    (r"\bWhat kind of\b", "Which type of"),
    (r"\bWhat type of\b", "Which kind of"),
    (r"\bHow (?:big|large) is\b", "What is the size of"),
    (r"\bWhich (?=(?:is|are)\b)", "Which one "),
    (r"\bName (?=the\b)", "Give the name of "),
    (r"\bWhat does (the [^?.,]+?) look like\?", r"What is the look of \1?"),
    (r"\bWhy (?=(?:is|are|do|does)\b)", "For what reason "),
)
POLITE: Final = (
    "Please answer this.",
    "Could you answer this, please?",
    "Kindly answer the following.",
    "Help me with this, please.",
)
PRIVATE: Final = r"[\uE000-\uEFFF]"
"""Letters that nobody's language uses stand in for what must stay as it is."""
FRAMES: Final = (
    "I have a question about what is shown here.",
    "Here is what I would like to know.",
    "There is one thing that I am wondering about.",
    "This is my question.",
)
FILLERS: Final = (
    "Take as much time as you need.",
    "There is no hurry at all with this.",
    "I am asking because I would like to be sure.",
    "Somebody else asked me the same thing this morning.",
    "I could not find it out by myself, which is why I am turning to you.",
    "It would be a great help to me and to everybody who works with me.",
    "You can look at everything as often as you wish before you say something.",
    "I know that there are many questions of this sort, and this is only one of them.",
)
IRRELEVANT: Final = (
    "The library opens at nine on weekdays.",
    "My brother plays chess on Sundays.",
    "The train to Oslo leaves at noon.",
    "Bread tastes best on the first day.",
    "The meeting was moved to Thursday afternoon.",
    "Whales can hold their breath for more than an hour.",
    "The recipe calls for two spoons of sugar.",
    "A new bakery is going to open next month.",
)
ROLES: Final = {
    "assistant": "You are a helpful assistant.",
    "expert": "You are a world-class expert in looking at pictures.",
    "concise": "You answer briefly and precisely.",
    "careful": "You are a careful assistant that never guesses.",
    "persona": "You are Captain Nemo, and you are steering a submarine.",
}


def _masked(text: str, protect: str) -> tuple[str, list[str]]:
    """The text with a private letter for each protected piece, and the pieces."""
    pieces: list[str] = []
    out = []
    for token in tokenize(text, protect):
        if token.kind == "kept":
            out.append(chr(0xE000 + len(pieces) % 0x1000))
            pieces.append(token.text)
        else:
            out.append(token.text)
    return "".join(out), pieces


def _unmasked(text: str, pieces: list[str]) -> str:
    left = iter(pieces)
    return str(regex.sub(PRIVATE, lambda _: next(left), text))


def _rewritten(text: str, rules: tuple[tuple[str, object], ...]) -> str:
    for pattern, by in rules:
        text = regex.sub(pattern, by, text)
    return text


@register_textual("paraphrase", options=PROTECT)
def paraphrase(text: str, severity: int, rng: np.random.Generator, *, protect: str) -> str:
    """Other words by rules: from level 1 contractions, 2 image for picture, 3 please, 4 other forms, 5 a frame."""
    drawn = rng.random(2)
    if regex.search(PRIVATE, text) or language_of(_stem(text)) not in (None, "en"):  # its own are in the way
        return text
    masked, pieces = _masked(text, protect)
    if severity >= 4:
        masked = _rewritten(masked, FORMS)
    if severity >= 2:
        masked = _rewritten(masked, PICTURE)
    masked = _rewritten(masked, CONTRACTIONS)
    text = _unmasked(masked, pieces)
    before = [FRAMES[int(drawn[1] * len(FRAMES))]] if severity >= 5 else []
    if severity >= 3:
        before.append(POLITE[int(drawn[0] * len(POLITE))])
    return _after_place(text, " ".join(before))


@register_textual("verbosity")
def verbosity(text: str, severity: int, rng: np.random.Generator) -> str:
    """More words around the question that ask for nothing: one sentence more a level, behind it and before options."""
    if not text.strip():
        return text
    words = " ".join(FILLERS[int(i)] for i in rng.permutation(len(FILLERS))[:severity])
    options = stated_options(text)
    end = len(text[: options[0].start].rstrip()) if options else len(text.rstrip())
    return f"{text[:end]} {words}{text[end:]}"


@register_textual("preamble")
def preamble(text: str, severity: int, rng: np.random.Generator) -> str:
    """Sentences before the question that have nothing to do with it: one more a level."""
    return _after_place(text, " ".join(IRRELEVANT[int(i)] for i in rng.permutation(len(IRRELEVANT))[:severity]))


@register_textual("system_prompt", (), options={"role": tuple(ROLES)})
def system_prompt(text: str, severity: int, rng: np.random.Generator, *, role: str) -> str:
    """A system prompt, in front of the question on a line of its own, as models get it that have no such role."""
    return _after_place(text, ROLES[role], "\n")


def _stem(text: str) -> str:
    options = stated_options(text)
    return text[: options[0].start] if options else text


def _after_place(text: str, words: str, between: str = " ") -> str:
    """The text behind some words, which stand behind a place for the picture that begins it."""
    if not words or not text.strip():
        return text
    place = regex.match(r"\s*(?:<[^<>\s]+(?:\s\d+)?>\s*)*", text)[0]
    return f"{place}{words}{between}{text[len(place) :]}"
