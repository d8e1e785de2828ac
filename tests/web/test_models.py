"""The models that can record: found anew at each question, by ids that are no paths."""

import shutil
import sys
from pathlib import Path

import pytest

from mri.errors import ConfigError, ModelError
from mri.nanochat.locate import Loading, find_checkpoint
from mri.paths import ROOT
from mri.web.models import Models

GOLDEN = Path(__file__).parents[1] / "golden" / "E5"


def test_without_torch_none_can_record(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    models = Models(None)
    for ask in (models.own, models.offers, lambda: models.chosen("embedded")):
        with pytest.raises(ModelError, match="PyTorch is not installed here, and no model runs without it"):
            ask()


def test_what_a_training_wrote_since_is_found(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "base")
    models = Models(tmp_path / "base")
    first = models.own()
    for name in ("model", "meta"):
        [file] = first.file.parent.glob(f"{name}_000010.*")
        shutil.copy(file, file.with_name(file.name.replace("10", "20")))
    assert (first.step, models.own().step, models.chosen("").step) == (10, 20, 20)
    assert next(iter(models.offers().values())) == models.own()
    shutil.rmtree(tmp_path / "base")
    for ask in (models.own, models.offers, lambda: models.chosen("")):
        with pytest.raises(ModelError, match="does not exist"):
            ask()


def test_lessons_record_with_the_embedded_model_whatever_the_servers_own_is():
    assert Models(GOLDEN, 20.0).chosen("embedded") == find_checkpoint(None)
    own = Models(None, 20.0)
    assert own.chosen("embedded") == own.own() == find_checkpoint(None, 20.0), "the server's own: it is loaded once"
    with pytest.raises(ConfigError, match="GET /models"):
        own.chosen("nobody")


def test_a_recording_is_asked_of_the_model_that_lies_where_its_own_lay(tmp_path, monkeypatch):
    monkeypatch.setenv("NANOCHAT_BASE_DIR", str(tmp_path))
    shutil.copytree(GOLDEN, tmp_path, dirs_exist_ok=True)
    elsewhere = tmp_path / "base_checkpoints" / "d3" / "model_000010.pt"
    embedded, golden = find_checkpoint(None), find_checkpoint(GOLDEN)
    told = str(embedded.file.relative_to(ROOT))
    assert Models(GOLDEN).of_recording(told) == embedded
    assert Models(None, Loading(device="cpu")).of_recording(told) == find_checkpoint(None, Loading(device="cpu"))
    assert Models(None).of_recording(str(elsewhere)).file == elsewhere
    for models, own in ((Models(GOLDEN), golden), (Models(None), embedded)):
        for path in ("", str(golden.file), "/etc/passwd", "../model.pt"):
            assert models.of_recording(path) == own, "what is not on offer is not opened"


def test_the_model_that_came_along_answers_where_the_servers_own_is_gone(tmp_path):
    told = str(find_checkpoint(None).file.relative_to(ROOT))
    assert Models(tmp_path / "gone").of_recording(told) == find_checkpoint(None)
    with pytest.raises(ModelError, match="does not exist"):
        Models(tmp_path / "gone").of_recording("")
