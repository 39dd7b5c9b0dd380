"""German: nouns with their article in all four cases, contracted after `von` and `zu`; weak adjectives."""

from pytest_emid.data.scenes.languages.base import Forms, Language


def _masculine(noun: str, genitive: str) -> Forms:
    return {
        "nom": f"der {noun}",
        "acc": f"den {noun}",
        "dat": f"dem {noun}",
        "gen": f"des {genitive}",
        "from": f"vom {noun}",
        "to": f"zum {noun}",
    }


def _neuter(noun: str, genitive: str) -> Forms:
    return {
        "nom": f"das {noun}",
        "acc": f"das {noun}",
        "dat": f"dem {noun}",
        "gen": f"des {genitive}",
        "from": f"vom {noun}",
        "to": f"zum {noun}",
    }


def _adjective(predicate: str, weak: str | None = None) -> Forms:
    """As predicate; after the definite article in nominative (feminine or neuter); there in dative or genitive."""
    weak = weak or f"{predicate}e"
    return {"is": predicate, "weak": weak, "oblique": f"{weak}n"}


GERMAN = Language(
    code="de",
    name="German",
    shapes={
        "circle": _masculine("Kreis", "Kreises"),
        "square": _neuter("Quadrat", "Quadrats"),
        "triangle": _neuter("Dreieck", "Dreiecks"),
        "cross": _neuter("Kreuz", "Kreuzes"),
        "ring": _masculine("Ring", "Rings"),
    },
    colors={
        "red": _adjective("rot"),
        "green": _adjective("grün"),
        "blue": _adjective("blau"),
        "yellow": _adjective("gelb"),
        "purple": _adjective("violett"),
        "orange": _adjective("orange", "orangefarbene"),
        "white": _adjective("weiß"),
        "black": _adjective("schwarz"),
    },
    colored={
        "nom": "die {weak} Form",
        "acc": "die {weak} Form",
        "dat": "der {oblique} Form",
        "gen": "der {oblique} Form",
        "from": "von der {oblique} Form",
        "to": "zur {oblique} Form",
    },
    templates={
        "color": (
            "Welche Farbe hat {a[nom]}?",
            "Nenne mir die Farbe {a[gen]}.",
            "Welche Farbe hat {a[nom]} auf dem Bild?",
            "In welcher Farbe ist {a[nom]} dargestellt?",
        ),
        "shape": (
            "Welche Form ist {a[is]}?",
            "Was ist das {a[weak]} Objekt?",
            "Nenne die Form, die {a[is]} ist.",
            "Was für eine Form hat das {a[weak]} Objekt?",
        ),
        "place": (
            "Wo ist {a[nom]}?",
            "In welchem Teil des Bildes ist {a[nom]}?",
            "Sag mir, wo {a[nom]} ist.",
            "Wo auf dem Bild finde ich {a[acc]}?",
        ),
        "count": (
            "Wie viele Formen gibt es?",
            "Zähle die Objekte auf dem Bild.",
            "Wie viele Objekte kannst du sehen?",
            "Wie hoch ist die Anzahl der Formen auf dem Bild?",
        ),
        "size": (
            "Ist {a[nom]} klein oder groß?",
            "Welche Größe hat {a[nom]}?",
            "Wie groß ist {a[nom]}?",
            "Nenne mir die Größe {a[gen]}.",
        ),
        "describe": (
            "Beschreibe das Bild.",
            "Was siehst du auf dem Bild?",
            "Beschreibe dieses Bild im Detail.",
            "Was ist auf dem Bild zu sehen?",
            "Gib eine vollständige Beschreibung des Bildes.",
        ),
        "compare": (
            "Was ist größer, {a[nom]} oder {b[nom]}?",
            "Vergleiche die Größe {a[gen]} mit der {b[gen]}.",
            "Ist {a[nom]} oder {b[nom]} größer?",
        ),
        "relate": (
            "Wo ist {a[nom]} im Verhältnis {b[to]}?",
            "Wie liegt {a[nom]} in Bezug auf {b[acc]}?",
            "Wo ist {a[nom]}, {b[from]} aus gesehen?",
        ),
        "company": (
            "Ist {a[nom]} allein?",
            "Gibt es etwas außer {a[dat]}?",
            "Was gibt es außer {a[dat]} sonst noch?",
        ),
    },
)
