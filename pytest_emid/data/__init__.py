"""Samples, datasets, loaders, and the built-in scenes.

Data of one's own is one line away:

    data.load_table("mine.jsonl")                                           # .json, .csv, .tsv, .parquet; benchmarks
    data.load_llava("questions.jsonl", "images", "answers.jsonl")           # LLaVA's layout
    data.load_hub("changdae/llavabench-shift-synthetic-v1", "a_split")      # Hugging Face, or a local folder
    data.load_records([{"image": ..., "question": ..., "reference": ...}])  # dicts, or a data frame
    data.load("scenes:de")                                                  # built in; or whatever --emid-dataset takes

`data.export` writes a dataset to disk, and `data.load_exported` reads it back, verified.
"""

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.export import export, load_exported
from pytest_emid.data.hub import hub_splits, load_hub
from pytest_emid.data.llava import load_llava, load_llava_folder, load_prompts
from pytest_emid.data.records import load_records
from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.data.scenes.sets import scenes_dataset
from pytest_emid.data.specs import load
from pytest_emid.data.tables import load_table

__all__ = [
    "Dataset",
    "LazyImage",
    "Sample",
    "export",
    "hub_splits",
    "load",
    "load_exported",
    "load_hub",
    "load_llava",
    "load_llava_folder",
    "load_prompts",
    "load_records",
    "load_table",
    "scenes_dataset",
]
