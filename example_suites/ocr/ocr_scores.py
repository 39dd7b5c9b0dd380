"""The truth about an answer: was it read, and how many characters of it? Spaces and capitals do not count."""

from __future__ import annotations


def plain(text: str) -> str:
    """Without white space and capitals: OCR models drop spaces, which loses nothing."""
    return "".join(text.casefold().split())


def read_exactly(answer: str, reference: str) -> float:
    """1.0 where every character was read, else 0.0."""
    return float(plain(answer) == plain(reference))


def characters_read(answer: str, reference: str) -> float:
    """1 - character error rate, in [0, 1]: edits (insert, delete, replace) over the reference's length, at most 1."""
    told, true = plain(answer), plain(reference)
    edits = list(range(len(true) + 1))
    for i, character in enumerate(told, 1):
        before, edits[0] = edits[0], i
        for j, other in enumerate(true, 1):
            before, edits[j] = edits[j], min(edits[j] + 1, edits[j - 1] + 1, before + (character != other))
    return max(0.0, 1 - edits[-1] / len(true))
