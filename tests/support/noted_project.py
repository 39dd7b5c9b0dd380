"""What a project's conftest.py says, for tests of what is asked: a model that writes down what it is asked."""

CONFTEST = """
import pytest
import pytest_emid
from PIL import Image
from pytest_emid.models import Response


class Noted:
    name, fingerprint = "noted", "noted:1"

    def respond(self, samples):
        with open("asked.txt", "a") as log:
            for position, sample in enumerate(samples):
                print(sample.id, file=log)
                yield position, Response(sample.reference, entropy=0.0)


@pytest.fixture(scope="session")
def emid_model():
    return Noted()


def picture(i):
    image = Image.new("RGB", (16, 16), (9 * i, i, 0))
    image.paste((255, 255, 255), (4, 4, 8, 8))
    return image


@pytest.fixture(scope="session")
def emid_dataset():
    return pytest_emid.Dataset(
        "mine",
        [
            pytest_emid.Sample(str(i), picture(i), f"Which number is shown {i}?", f"{i}.")
            for i in range(24)
        ],
    )


@pytest.fixture(scope="session")
def emid_encoders():
    class Encoder:
        name = fingerprint = "none"

        def encode(self, items):
            raise AssertionError("a plan encodes nothing")

    return pytest_emid.encoders.Encoders(Encoder(), Encoder())
"""
