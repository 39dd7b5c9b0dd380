"""Greek: three genders; articles, and the adjectives small and large, agree with the noun."""

from pytest_emid.data.scenes.languages.base import Forms, Language


def _masculine(accusative: str, genitive: str) -> Forms:
    """Nouns in -ος: the nominative adds -ς to the accusative."""
    return {
        "nom": f"ο {accusative}ς",
        "acc": f"τον {accusative}",
        "gen": f"του {genitive}",
        "small": "μικρός",
        "large": "μεγάλος",
        "larger": "μεγαλύτερος",
        "alone": "μόνος του",
        "placed": "τοποθετημένος",
    }


def _neuter(noun: str, genitive: str) -> Forms:
    return {
        "nom": f"το {noun}",
        "acc": f"το {noun}",
        "gen": f"του {genitive}",
        "small": "μικρό",
        "large": "μεγάλο",
        "larger": "μεγαλύτερο",
        "alone": "μόνο του",
        "placed": "τοποθετημένο",
    }


def _color(neuter: str, genitive: str) -> Forms:
    return {"n": neuter, "n_gen": genitive}


GREEK = Language(
    code="el",
    name="Greek",
    shapes={
        "circle": _masculine("κύκλο", "κύκλου"),
        "square": _neuter("τετράγωνο", "τετραγώνου"),
        "triangle": _neuter("τρίγωνο", "τριγώνου"),
        "cross": _masculine("σταυρό", "σταυρού"),
        "ring": _masculine("δακτύλιο", "δακτυλίου"),
    },
    colors={
        "red": _color("κόκκινο", "κόκκινου"),
        "green": _color("πράσινο", "πράσινου"),
        "blue": _color("μπλε", "μπλε"),
        "yellow": _color("κίτρινο", "κίτρινου"),
        "purple": _color("μωβ", "μωβ"),
        "orange": _color("πορτοκαλί", "πορτοκαλί"),
        "white": _color("λευκό", "λευκού"),
        "black": _color("μαύρο", "μαύρου"),
    },
    colored=_neuter("{n} σχήμα", "{n_gen} σχήματος"),
    templates={
        "color": (
            "Τι χρώμα είναι {a[nom]};",
            "Πες μου το χρώμα {a[gen]}.",
            "Ποιο είναι το χρώμα {a[gen]} στην εικόνα;",
            "Ποιο χρώμα έχει {a[nom]};",
        ),
        "shape": (
            "Ποιο σχήμα είναι {a[n]};",
            "Τι είναι το {a[n]} αντικείμενο;",
            "Πες το όνομα του σχήματος που είναι {a[n]}.",
            "Τι είδους σχήμα είναι το {a[n]};",
        ),
        "place": (
            "Πού είναι {a[nom]};",
            "Σε ποιο μέρος της εικόνας είναι {a[nom]};",
            "Πες μου πού είναι {a[nom]}.",
            "Πού στην εικόνα μπορώ να βρω {a[acc]};",
        ),
        "count": (
            "Πόσα σχήματα υπάρχουν;",
            "Μέτρησε τα αντικείμενα στην εικόνα.",
            "Πόσα αντικείμενα βλέπεις;",
            "Ποιος είναι ο αριθμός των σχημάτων στην εικόνα;",
        ),
        "size": (
            "Είναι {a[nom]} {a[small]} ή {a[large]};",
            "Τι μέγεθος έχει {a[nom]};",
            "Πόσο {a[large]} είναι {a[nom]};",
            "Πες μου το μέγεθος {a[gen]}.",
        ),
        "describe": (
            "Περίγραψε την εικόνα.",
            "Τι βλέπεις στην εικόνα;",
            "Περίγραψε αυτή την εικόνα με λεπτομέρειες.",
            "Τι απεικονίζεται στην εικόνα;",
            "Δώσε μια πλήρη περιγραφή της εικόνας.",
        ),
        "compare": (
            "Τι είναι μεγαλύτερο, {a[nom]} ή {b[nom]};",
            "Σύγκρινε το μέγεθος {a[gen]} και {b[gen]}.",
            "Είναι {a[larger]} {a[nom]} ή {b[nom]};",
        ),
        "relate": (
            "Πού είναι {a[nom]} σε σχέση με {b[acc]};",
            "Πώς είναι {a[placed]} {a[nom]} ως προς {b[acc]};",
            "Από τη θέση {b[gen]}, πού βρίσκεται {a[nom]};",
        ),
        "company": (
            "Είναι {a[nom]} {a[alone]};",
            "Υπάρχει κάτι εκτός από {a[acc]};",
            "Τι άλλο υπάρχει πέρα από {a[acc]};",
        ),
    },
)
