"""English, the language of the training domain and of all answers."""

from pytest_emid.data.scenes.languages.base import Language

ENGLISH = Language(
    code="en",
    name="English",
    shapes={shape: {"bare": shape} for shape in ("circle", "square", "triangle", "cross", "ring")},
    colors={
        color: {"bare": color} for color in ("red", "green", "blue", "yellow", "purple", "orange", "white", "black")
    },
    colored={"bare": "{bare} shape"},
    templates={
        "color": (
            "What color is the {a[bare]}?",
            "Tell me the color of the {a[bare]}.",
            "What is the color of the {a[bare]} in the image?",
            "Which color does the {a[bare]} have?",
        ),
        "shape": (
            "Which shape is {a[bare]}?",
            "What is the {a[bare]} object?",
            "Name the shape that is {a[bare]}.",
            "What kind of shape is the {a[bare]} one?",
        ),
        "place": (
            "Where is the {a[bare]}?",
            "In which part of the image is the {a[bare]}?",
            "Tell me where the {a[bare]} is.",
            "Where in the picture can I find the {a[bare]}?",
        ),
        "count": (
            "How many shapes are there?",
            "Count the objects in the image.",
            "How many objects can you see?",
            "What is the number of shapes in the picture?",
        ),
        "size": (
            "Is the {a[bare]} small or large?",
            "What size is the {a[bare]}?",
            "How big is the {a[bare]}?",
            "Tell me the size of the {a[bare]}.",
        ),
        "describe": (
            "Describe the image.",
            "What do you see in the picture?",
            "Describe this picture in detail.",
            "What is shown in the image?",
            "Give a full description of the image.",
        ),
        "compare": (
            "Which is larger, the {a[bare]} or the {b[bare]}?",
            "Compare the size of the {a[bare]} and the {b[bare]}.",
            "Is the {a[bare]} or the {b[bare]} bigger?",
        ),
        "relate": (
            "Where is the {a[bare]} relative to the {b[bare]}?",
            "How is the {a[bare]} placed with respect to the {b[bare]}?",
            "Seen from the {b[bare]}, where is the {a[bare]}?",
        ),
        "company": (
            "Is the {a[bare]} alone?",
            "Is there anything besides the {a[bare]}?",
            "What else is there apart from the {a[bare]}?",
        ),
    },
)
