"""Whole checks: sound models pass, and each damage fails its line and no other."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import pytest
import torch

import mri
from mri.making.initial import init_weights
from mri.nanochat.checkpoint import load_model
from mri.nanochat.eras import NANOGPT
from mri.nanochat.model import GPT, GPTConfig
from mri.nanochat.nanogpt import NanoGPT
from mri.nanochat.weights import checksum
from mri.proof.check import check
from tests.nanochat.disk.layouts import write_port
from tests.proof.damages import DAMAGES, MORE, Damage, block_twice, tokenizer_of_another_model

GOLDEN = Path(__file__).parents[1] / "golden"
ALL = DAMAGES | MORE
ERAS = ("E1", "E2", "E3", "E4", "E5")
LINES = ["era", "file", "English", "tokenizer", "traced", "cached", "parts", "queries and keys", "values", "windows"]
LINES += ["attention", "logits", "ledger", "overhead", "hooks"]


pytestmark = pytest.mark.usefixtures("quick_check")


@pytest.mark.parametrize("era", ERAS)
def test_a_sound_model_of_every_era_passes(era: str) -> None:
    told = []
    report = check(load_model(GOLDEN / era, device="cpu"), on_line=told.append)
    assert report.is_right, report
    assert [line.name for line in report.lines] == LINES
    assert told == report.lines
    assert report["era"].found == era
    assert all(line.figure is not None and line.figure < 1e-5 for line in report.lines if line.tolerance == 1e-4)
    assert report["tokenizer"].state == "not judged"  # random weights
    assert report["overhead"].figure is not None
    assert report["overhead"].figure > 0


def test_hugging_faces_port_passes_with_its_alarm(tmp_path: Path) -> None:
    report = check(load_model(write_port(tmp_path / "port"), device="cpu"))
    assert report.is_right, report
    assert (report["era"].found, report["file"].state, report["file"].found) == ("E1", "not judged", "alarm")
    assert "the file lacks the residual lambdas, value embeddings, smear, backout" in report["file"].cause
    assert "bits per byte of English" in report["file"].cause


def test_the_embedded_model_passes_with_its_own_tokenizer() -> None:
    report = mri.check(load_model(device="cpu"))
    assert report.is_right, report
    assert {line.state for line in report.lines} == {"right"}
    assert report["tokenizer"].figure == pytest.approx(1, abs=0.05)
    assert report["English"].figure == pytest.approx(4.29, abs=0.01)
    assert "3.51" in report["English"].compared


@pytest.mark.parametrize("damage", ALL, ids=lambda damage: damage.__name__)
def test_a_damage_is_seen_in_its_line_and_in_no_other(damage: Damage, monkeypatch: pytest.MonkeyPatch) -> None:
    name, why = ALL[damage]
    is_of_words = damage is tokenizer_of_another_model
    loaded = load_model(None if is_of_words else GOLDEN / "E5", device="cpu")
    monkeypatch.setattr("mri.capture.nanochat_hooks.is_compiler_loaded", lambda: False)
    report = check(damage(loaded, monkeypatch))
    assert report.wrong == [name], report
    assert why in report[name].cause


def test_where_a_compiler_is_loaded_a_recorder_copies_and_ends_at_a_block_that_runs_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mri.capture.nanochat_hooks.is_compiler_loaded", lambda: True)
    report = check(block_twice(load_model(GOLDEN / "E5", device="cpu"), monkeypatch))
    assert report.wrong == ["traced", "ledger"], report
    assert "computed twice in one pass" in report["traced"].cause


def test_rounding_of_bfloat16_in_the_kernel_itself_is_the_line_of_attention_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def kernel(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, **more: object) -> torch.Tensor:
        return exact(q.bfloat16(), k.bfloat16(), v.bfloat16(), **more).float()  # type: ignore[operator]

    exact = torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", kernel)
    report = check(load_model(GOLDEN / "E2", device="cpu"))
    assert "attention" in report.wrong
    assert not {"queries and keys", "values", "ledger", "logits", "traced"} & set(report.wrong)


def test_a_recording_that_ended_early_is_not_the_same_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no room")

    monkeypatch.setattr("mri.capture.ledger.reach_of", fail)
    report = check(load_model(GOLDEN / "E1", device="cpu"))
    assert report.wrong == ["traced"]
    assert "ended early: ValueError('no room')" in report["traced"].cause
    assert report["ledger"].state == "not judged"


def test_what_a_recorder_leaves_behind_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from mri.capture.nanochat_hooks import NanochatHooks

    kernel = torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", kernel)  # to have it back afterwards
    monkeypatch.setattr(NanochatHooks, "__exit__", lambda self, *exc: self._hand_over())
    report = check(load_model(GOLDEN / "E1", device="cpu"))
    assert "left behind by a recorder" in report["hooks"].cause


def test_a_weight_that_was_changed_since_it_was_loaded_is_seen() -> None:
    loaded = load_model(GOLDEN / "E1", device="cpu")
    with torch.no_grad():
        loaded.model.lm_head.weight[3, 3] += 1
    assert check(loaded).wrong == ["hooks"]


def test_of_nanogpt_what_needs_no_reference_is_judged() -> None:
    model = NanoGPT(GPTConfig(128, 300, 2, 4, 4, 64), NANOGPT, 300, has_biases=True)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.1, generator=torch.Generator().manual_seed(0))
    like = load_model(GOLDEN / "E1", device="cpu")
    report = check(dataclasses.replace(like, model=model.eval(), checksum=checksum(model)))
    assert report.is_right, report
    assert {report[name].state for name in ("traced", "cached", "hooks")} == {"right"}
    assert {report[name].state for name in ("era", "parts", "ledger")} == {"not judged"}


def test_the_report_is_json_and_a_text() -> None:
    report = check(load_model(GOLDEN / "E3", device="cpu"))
    told = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert told["is_right"] is True
    assert [line["name"] for line in told["lines"]] == LINES
    assert str(report).count("\n") >= len(LINES)


@pytest.mark.long
def test_a_d12_takes_less_than_two_minutes() -> None:
    model = GPT(GPTConfig(2048, 300, 12, 6, 6, 768, "SSSL"), padded_vocab_size=65_536)  # the golden tokenizer's tokens
    init_weights(model, 0)
    like = load_model(GOLDEN / "E5", device="cpu")
    began = time.process_time()  # a busy machine is slow, not wrong
    report = check(dataclasses.replace(like, model=model.eval(), checksum=checksum(model)))
    assert report.is_right, report
    assert time.process_time() - began < 120
