"""Hindi: two genders, direct and oblique case before postpositions; some adjectives agree, some never change."""

from pytest_emid.data.scenes.languages.base import Forms, Language


def _masculine(direct: str, oblique: str | None = None) -> Forms:
    return {
        "dir": direct,
        "obl": oblique or direct,
        "of": "का",
        "how": "कितना",
        "can": "सकता",
        "small": "छोटा",
        "large": "बड़ा",
        "alone": "अकेला",
    }


def _feminine(direct: str) -> Forms:
    return {
        "dir": direct,
        "obl": direct,
        "of": "की",
        "how": "कितनी",
        "can": "सकती",
        "small": "छोटी",
        "large": "बड़ी",
        "alone": "अकेली",
    }


def _agreeing(stem: str) -> Forms:
    return {"m": f"{stem}ा", "f": f"{stem}ी"}


def _constant(word: str) -> Forms:
    return {"m": word, "f": word}


HINDI = Language(
    code="hi",
    name="Hindi",
    shapes={
        "circle": _masculine("वृत्त"),
        "square": _masculine("वर्ग"),
        "triangle": _masculine("त्रिभुज"),
        "cross": _masculine("क्रॉस"),
        "ring": _masculine("छल्ला", "छल्ले"),
    },
    colors={
        "red": _constant("लाल"),
        "green": _agreeing("हर"),
        "blue": _agreeing("नील"),
        "yellow": _agreeing("पील"),
        "purple": _constant("बैंगनी"),
        "orange": _constant("नारंगी"),
        "white": _constant("सफ़ेद"),
        "black": _agreeing("काल"),
    },
    colored=_feminine("{f} आकृति"),
    templates={
        "color": (
            "{a[dir]} किस रंग {a[of]} है?",
            "मुझे {a[obl]} का रंग बताइए।",
            "चित्र में {a[obl]} का रंग क्या है?",
            "{a[obl]} का रंग कौन-सा है?",
        ),
        "shape": (
            "कौन-सी आकृति {a[f]} है?",
            "{a[f]} वस्तु क्या है?",
            "उस आकृति का नाम बताइए जो {a[f]} है।",
            "{a[f]} वाली आकृति किस प्रकार की है?",
        ),
        "place": (
            "{a[dir]} कहाँ है?",
            "{a[dir]} चित्र के किस भाग में है?",
            "मुझे बताइए कि {a[dir]} कहाँ है।",
            "तस्वीर में {a[dir]} मुझे कहाँ मिल {a[can]} है?",
        ),
        "count": (
            "कितनी आकृतियाँ हैं?",
            "चित्र में वस्तुएँ गिनिए।",
            "आपको कितनी वस्तुएँ दिखाई देती हैं?",
            "तस्वीर में आकृतियों की संख्या क्या है?",
        ),
        "size": (
            "{a[dir]} {a[small]} है या {a[large]}?",
            "{a[obl]} का आकार क्या है?",
            "{a[dir]} {a[how]} {a[large]} है?",
            "मुझे {a[obl]} का आकार बताइए।",
        ),
        "describe": (
            "चित्र का वर्णन कीजिए।",
            "आप तस्वीर में क्या देखते हैं?",
            "इस तस्वीर का विस्तार से वर्णन कीजिए।",
            "चित्र में क्या दिखाया गया है?",
            "चित्र का पूरा विवरण दीजिए।",
        ),
        "compare": (
            "कौन-सा बड़ा है, {a[dir]} या {b[dir]}?",
            "{a[obl]} और {b[obl]} के आकार की तुलना कीजिए।",
            "{a[dir]} {a[large]} है या {b[dir]}?",
        ),
        "relate": (
            "{b[obl]} के सापेक्ष {a[dir]} कहाँ है?",
            "{b[obl]} के संदर्भ में {a[dir]} किस स्थान पर है?",
            "{b[obl]} से देखने पर {a[dir]} कहाँ है?",
        ),
        "company": (
            "क्या {a[dir]} {a[alone]} है?",
            "क्या {a[obl]} के अलावा कुछ और है?",
            "{a[obl]} के अतिरिक्त और क्या है?",
        ),
    },
)
