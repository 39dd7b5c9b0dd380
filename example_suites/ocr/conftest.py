"""The model reads pictures; the pictures are drawn. Nothing is downloaded."""

import pytest


@pytest.fixture(scope="session")
def emid_model():
    from ocr_reader import ocr_model

    return ocr_model()


@pytest.fixture(scope="session")
def emid_dataset():
    from ocr_data import TESTED, dataset

    return dataset("ocr", TESTED)


@pytest.fixture(scope="session")
def emid_calibration():
    """Other pictures of the same kind: their questions and references are used, no model is asked about them."""
    from ocr_data import CALIBRATION, dataset

    return dataset("ocr-calibration", CALIBRATION)
