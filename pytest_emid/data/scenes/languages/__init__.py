"""The languages in which questions about scenes are asked. A language is one file and one line here."""

from typing import Final

from pytest_emid.data.scenes.languages.arabic import ARABIC
from pytest_emid.data.scenes.languages.base import Language, Subject
from pytest_emid.data.scenes.languages.chinese import CHINESE
from pytest_emid.data.scenes.languages.english import ENGLISH
from pytest_emid.data.scenes.languages.german import GERMAN
from pytest_emid.data.scenes.languages.greek import GREEK
from pytest_emid.data.scenes.languages.hindi import HINDI
from pytest_emid.data.scenes.languages.korean import KOREAN

__all__ = ["LANGUAGES", "Language", "Subject"]

LANGUAGES: Final[dict[str, Language]] = {
    language.code: language
    for language in (
        ENGLISH,
        GERMAN,
        CHINESE,
        KOREAN,
        GREEK,
        ARABIC,
        HINDI,
    )
}
"""Code to language; English first, then in the order of the paper's scenarios."""
