"""Arabic: the definite article, two genders; verbs, adjectives and pronouns agree. Text is in logical order."""

from pytest_emid.data.scenes.languages.base import Forms, Language


def _masculine(noun: str) -> Forms:
    """`noun` without its article, which joins it, and which merges with the preposition `li-`."""
    return {
        "the": f"ال{noun}",
        "to": f"لل{noun}",
        "is_found": "يوجد",
        "appears": "يظهر",
        "small": "صغير",
        "large": "كبير",
        "alone": "وحده",
    }


def _feminine(noun: str) -> Forms:
    return {
        "the": f"ال{noun}",
        "to": f"لل{noun}",
        "is_found": "توجد",
        "appears": "تظهر",
        "small": "صغيرة",
        "large": "كبيرة",
        "alone": "وحدها",
    }


def _color(masculine: str) -> Forms:
    return {"m": masculine, "the_m": f"ال{masculine}"}


ARABIC = Language(
    code="ar",
    name="Arabic",
    shapes={
        "circle": _feminine("دائرة"),
        "square": _masculine("مربع"),
        "triangle": _masculine("مثلث"),
        "cross": _masculine("صليب"),
        "ring": _feminine("حلقة"),
    },
    colors={
        "red": _color("أحمر"),
        "green": _color("أخضر"),
        "blue": _color("أزرق"),
        "yellow": _color("أصفر"),
        "purple": _color("بنفسجي"),
        "orange": _color("برتقالي"),
        "white": _color("أبيض"),
        "black": _color("أسود"),
    },
    colored=_masculine("شكل {the_m}"),
    templates={
        "color": (
            "ما لون {a[the]}؟",
            "أخبرني بلون {a[the]}.",
            "ما هو لون {a[the]} في الصورة؟",
            "ما اللون الذي {a[appears]} به {a[the]}؟",
        ),
        "shape": (
            "أي شكل لونه {a[m]}؟",
            "ما هو الجسم {a[the_m]}؟",
            "اذكر اسم الشكل الذي لونه {a[m]}.",
            "ما نوع الشكل {a[the_m]}؟",
        ),
        "place": (
            "أين {a[the]}؟",
            "في أي جزء من الصورة {a[is_found]} {a[the]}؟",
            "أخبرني أين {a[is_found]} {a[the]}.",
            "أين يمكنني أن أجد {a[the]} في الصورة؟",
        ),
        "count": (
            "كم عدد الأشكال الموجودة؟",
            "عُدّ الأجسام في الصورة.",
            "كم جسمًا يمكنك أن ترى؟",
            "ما هو عدد الأشكال في الصورة؟",
        ),
        "size": (
            "هل {a[the]} {a[small]} أم {a[large]}؟",
            "ما حجم {a[the]}؟",
            "كم يبلغ حجم {a[the]}؟",
            "أخبرني بحجم {a[the]}.",
        ),
        "describe": (
            "صف الصورة.",
            "ماذا ترى في الصورة؟",
            "صف هذه الصورة بالتفصيل.",
            "ما الذي يظهر في الصورة؟",
            "قدّم وصفًا كاملًا للصورة.",
        ),
        "compare": (
            "أيهما أكبر، {a[the]} أم {b[the]}؟",
            "قارن بين حجم {a[the]} وحجم {b[the]}.",
            "هل {a[the]} أكبر أم {b[the]}؟",
        ),
        "relate": (
            "أين {a[is_found]} {a[the]} بالنسبة إلى {b[the]}؟",
            "ما موضع {a[the]} بالنسبة {b[to]}؟",
            "بالنظر من {b[the]}، أين {a[the]}؟",
        ),
        "company": (
            "هل {a[the]} {a[alone]}؟",
            "هل يوجد أي شيء غير {a[the]}؟",
            "ماذا يوجد أيضًا إلى جانب {a[the]}؟",
        ),
    },
)
