"""A small model and a small corpus of three shards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mri.making import corpus
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.scans.settings import Settings

GOLDEN = Path(__file__).parents[1] / "golden" / "E5"
SMALL = Settings(max_tokens=150, batch_tokens=640, shard_bytes=700, moments=5, samples=2, ids=300)


@pytest.fixture(scope="session")
def model() -> LoadedModel:
    return load_model(GOLDEN, device="cpu")


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Two of them alike, one of a letter, some longer than 150 tokens."""
    return [*(corpus.document(f"scan/{n}").text for n in range(20)), "a", "Mia has a kite.", "Mia has a kite."]


@pytest.fixture(scope="session")
def corpus_file(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path
