"""Korean: particles follow the noun's last sound (은/는, 이/가, 을/를, 과/와)."""

from pytest_emid.data.scenes.languages.base import Forms, Language


def _after_consonant(noun: str) -> Forms:
    return {"bare": noun, "topic": f"{noun}은", "subject": f"{noun}이", "object": f"{noun}을", "and": f"{noun}과"}


def _after_vowel(noun: str) -> Forms:
    return {"bare": noun, "topic": f"{noun}는", "subject": f"{noun}가", "object": f"{noun}를", "and": f"{noun}와"}


def _color(noun: str) -> Forms:
    """Every colour is a noun in -색; it stands before another noun as it is."""
    return {"bare": noun}


KOREAN = Language(
    code="ko",
    name="Korean",
    shapes={
        "circle": _after_consonant("원"),
        "square": _after_consonant("정사각형"),
        "triangle": _after_consonant("삼각형"),
        "cross": _after_vowel("십자가"),
        "ring": _after_vowel("고리"),
    },
    colors={
        "red": _color("빨간색"),
        "green": _color("초록색"),
        "blue": _color("파란색"),
        "yellow": _color("노란색"),
        "purple": _color("보라색"),
        "orange": _color("주황색"),
        "white": _color("흰색"),
        "black": _color("검은색"),
    },
    colored=_after_consonant("{bare} 도형"),
    templates={
        "color": (
            "{a[topic]} 무슨 색인가요?",
            "{a[bare]}의 색을 알려 주세요.",
            "이미지에서 {a[bare]}의 색은 무엇인가요?",
            "{a[topic]} 어떤 색을 띠고 있나요?",
        ),
        "shape": (
            "어떤 도형이 {a[bare]}인가요?",
            "{a[bare]} 물체는 무엇인가요?",
            "{a[bare]}인 도형의 이름을 알려 주세요.",
            "{a[bare]}인 것은 어떤 종류의 도형인가요?",
        ),
        "place": (
            "{a[topic]} 어디에 있나요?",
            "{a[topic]} 이미지의 어느 부분에 있나요?",
            "{a[subject]} 어디에 있는지 알려 주세요.",
            "그림의 어디에서 {a[object]} 찾을 수 있나요?",
        ),
        "count": (
            "도형이 몇 개 있나요?",
            "이미지에 있는 물체를 세어 보세요.",
            "물체가 몇 개 보이나요?",
            "그림 속 도형의 개수는 몇 개인가요?",
        ),
        "size": (
            "{a[topic]} 작은가요, 큰가요?",
            "{a[topic]} 어떤 크기인가요?",
            "{a[topic]} 얼마나 큰가요?",
            "{a[bare]}의 크기를 알려 주세요.",
        ),
        "describe": (
            "이미지를 설명해 주세요.",
            "그림에서 무엇이 보이나요?",
            "이 그림을 자세히 설명해 주세요.",
            "이미지에 무엇이 나타나 있나요?",
            "이미지를 빠짐없이 설명해 주세요.",
        ),
        "compare": (
            "{a[and]} {b[bare]} 중 어느 것이 더 큰가요?",
            "{a[and]} {b[bare]}의 크기를 비교해 주세요.",
            "{a[subject]} 더 큰가요, {b[subject]} 더 큰가요?",
        ),
        "relate": (
            "{a[topic]} {b[object]} 기준으로 어디에 있나요?",
            "{a[topic]} {b[bare]}에 대해 어떻게 놓여 있나요?",
            "{b[bare]}에서 볼 때 {a[topic]} 어디에 있나요?",
        ),
        "company": (
            "{a[bare]}만 있나요?",
            "{a[bare]} 외에 다른 것이 있나요?",
            "{a[object]} 제외하면 또 무엇이 있나요?",
        ),
    },
)
