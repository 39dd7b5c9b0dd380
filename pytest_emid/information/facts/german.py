"""German: adjectives that inflect, `kein` for `ein`."""

from pytest_emid.information.facts.base import Lexicon, Negation


def _inflected(*stems: str) -> str:
    return " ".join(f"{stem}{ending}" for stem in stems for ending in ("", "e", "en", "er", "es", "em"))


def _pole(word: str, *others: str) -> str:
    return " ".join([_inflected(word), *others])


VERBS = (
    "ist|sind|war|waren|hat|haben|kann|können|könnte|wird|werden|zeigt|zeigen|scheint|scheinen|steht|stehen|sitzt|"
    "sitzen|liegt|liegen|befindet sich|befinden sich|sehe|sieht|sehen|enthält|enthalten|trägt|tragen|hält|halten|"
    "gibt es"
)

GERMAN = Lexicon(
    code="de",
    script="Latin",
    common=(
        "der die das den dem des ein eine einen einem einer und ist sind war im in zu zum zur es gibt mit auf von vom "
        "für nicht kein keine auch sich ich sie er wir man bild foto zeigt zu sehen wie viele was welche wo hier ja "
        "nein antwort oder aber als an bei nach hat haben kann wird steht sitzt liegt vor hinter neben"
    ),
    words={
        "side": {
            "left": "links linke linken linker linkes",
            "right": "rechts rechte rechten rechter rechtes",
            "above": "oberhalb über",
            "below": "unterhalb unter",
            "top": "oben",
            "bottom": "unten",
            "upper": "obere oberen oberer oberes",
            "lower": "untere unteren unterer unteres",
            "inside": "innerhalb drinnen",
            "outside": "außerhalb draußen",
            "in front": "vor vorne",
            "behind": "hinter hinten",
            "foreground": "Vordergrund Vordergrunds",
            "background": "Hintergrund Hintergrunds",
            "north": "Norden nördlich",
            "south": "Süden südlich",
            "east": "Osten östlich",
            "west": "Westen westlich",
        },
        "comparative": {
            "more": "mehr",
            "less": "weniger",
            "larger": _inflected("größer"),
            "smaller": _inflected("kleiner"),
            "taller": _inflected("höher"),
            "shorter": _inflected("niedriger"),
            "older": _inflected("älter"),
            "younger": _inflected("jünger"),
            "closer": _inflected("näher"),
            "farther": "weiter_entfernt ferner",
            "many": "viele vielen",
            "few": "wenige wenigen",
            "first": "erste ersten erster erstes",
            "last": "letzte letzten letzter letztes",
            "faster": _inflected("schneller"),
            "slower": _inflected("langsamer"),
            "open": "offen offene offenen offener geöffnet",
            "closed": "geschlossen geschlossene geschlossenen geschlossener",
            "day": "Tag",
            "night": "Nacht",
            "light": _inflected("hell"),
            "dark": _inflected("dunkel", "dunkl"),
            "large": "groß große großen großes großem",
            "small": "klein kleine kleinen kleines kleinem",
            "full": _inflected("voll"),
            "empty": _inflected("leer"),
        },
        "number": {
            "0": "null",
            "1": "eins",
            "2": "zwei",
            "3": "drei",
            "4": "vier",
            "5": "fünf",
            "6": "sechs",
            "7": "sieben",
            "8": "acht",
            "9": "neun",
            "10": "zehn",
            "11": "elf",
            "12": "zwölf",
        },
        "colour": {
            "red": _inflected("rot"),
            "blue": _inflected("blau"),
            "green": _inflected("grün"),
            "yellow": _inflected("gelb"),
            "black": _inflected("schwarz"),
            "white": _inflected("weiß", "weiss"),
            "brown": _inflected("braun"),
            "grey": _inflected("grau"),
            "orange": "orange orangefarbene orangefarbenen orangefarbener orangefarbenes orangefarbenem orangen",
            "pink": "rosa rosa rosa rosa rosa rosa pink",
            "purple": _pole("violett", "lila"),
            "silver": _pole("silbern", "silber"),
        },
    },
    negation=Negation(
        answers=(("Ja", "Nein"),),
        marks=r"(?i)\b(?:nicht|kein(?:e[nrms]?)?|nie|niemals|ohne|nichts|niemand|weder|nein)\b",
        remove=(
            (r"\bKein(e[nrms]?)?\b", r"Ein\1"),
            (r"\bkein(e[nrms]?)?\b", r"ein\1"),
            (r"(?i)\bnichts\b", "etwas"),
            (r"(?i)\bniemand\b", "jemand"),
            (r"(?i) (?:nicht|nie|niemals)\b", ""),
            (r"(?i)\bohne\b", "mit"),
        ),
        add=(
            (r"\bEin(e[nrms]?)?\b", r"Kein\1"),
            (r"\bein(e[nrms]?)?\b", r"kein\1"),
            (rf"(?i)\b({VERBS})\b", r"\1 nicht"),
        ),
    ),
    plural=r"(?<=...)(?:en|er|e|n|s)$",
    copula="ist sind war waren scheint wirkt",
)
