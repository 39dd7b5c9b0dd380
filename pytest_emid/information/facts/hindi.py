"""Hindi: adjectives that agree in gender and case, `नहीं` before the verb."""

from pytest_emid.information.facts.base import Lexicon, Negation


def _agreeing(*stems: str) -> str:
    return " ".join(f"{stem}{vowel}" for stem in stems for vowel in ("ा", "ी", "े"))


END = r"(?=\s*(?:[।.!?,]|$))"

HINDI = Lexicon(
    code="hi",
    script="Devanagari",
    common=("है हैं का की के में से को पर और यह वह एक था थी थे इस उस तस्वीर चित्र नहीं हाँ भी ने  हुआ हुई हुए कर रहा रही रहे"),
    words={
        "side": {
            "left": "बाएँ बायाँ बाईं बायीं बाएं",
            "right": "दाएँ दायाँ दाईं दायीं दाएं",
            "above": "ऊपर",
            "below": "नीचे",
            "upper": "ऊपरी",
            "lower": "निचले निचली",
            "inside": "अंदर भीतर",
            "outside": "बाहर",
            "in front": "सामने आगे",
            "behind": "पीछे",
            "foreground": "अग्रभूमि",
            "background": "पृष्ठभूमि",
            "north": "उत्तर",
            "south": "दक्षिण",
            "east": "पूर्व",
            "west": "पश्चिम",
        },
        "comparative": {
            "more": "अधिक ज़्यादा ज्यादा",
            "less": "कम",
            "large": _agreeing("बड़"),
            "small": _agreeing("छोट"),
            "tall": _agreeing("ऊँच"),
            "short": _agreeing("नीच"),
            "near": "पास निकट",
            "far": "दूर",
            "first": _agreeing("पहल"),
            "last": "अंतिम आखिरी",
            "open": _agreeing("खुल"),
            "closed": "बंद",
            "day": "दिन",
            "night": "रात",
        },
        "number": {
            "0": "शून्य",
            "2": "दो",
            "3": "तीन",
            "4": "चार",
            "5": "पाँच पांच",
            "6": "छह छः",
            "7": "सात",
            "8": "आठ",
            "9": "नौ",
            "10": "दस",
        },
        "colour": {
            "red": "लाल",
            "blue": _agreeing("नील"),
            "green": _agreeing("हर"),
            "yellow": _agreeing("पील"),
            "black": _agreeing("काल"),
            "white": "सफ़ेद सफेद",
            "brown": _agreeing("भूर"),
            "grey": "स्लेटी धूसर",
            "orange": "नारंगी",
            "pink": "गुलाबी",
            "purple": "बैंगनी",
            "silver": "चाँदी",
        },
    },
    negation=Negation(
        answers=(("हाँ", "नहीं"), ("हां", "नहीं")),
        marks=r"(?<![\w\p{M}])(?:नहीं|न|ना|मत|बिना)(?![\w\p{M}])",
        remove=(
            (r"(?<![\w\p{M}])कोई (.+?) नहीं(?![\w\p{M}])", r"एक \1"),
            (r" (?:नहीं|न|ना|मत)(?![\w\p{M}])", ""),
            (r"के बिना(?![\w\p{M}])", "के साथ"),
        ),
        add=(
            (rf"(?<![\w\p{{M}}])((?:दिखाई )?(?:है|हैं|था|थी|थे|सकता है|सकती है|देता है|देती है)){END}", r"नहीं \1"),
            (r"(?<![\w\p{M}])(है|हैं|था|थी|थे)(?![\w\p{M}])", r"नहीं \1"),
        ),
    ),
)
