"""Samples, datasets, loaders, and the built-in scenes."""

from pytest_emid.data.builtin import load, scenes_dataset
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample

__all__ = ["Dataset", "LazyImage", "Sample", "load", "scenes_dataset"]
