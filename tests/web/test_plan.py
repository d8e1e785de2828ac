"""What a recording would read and keep: against recordings that are made."""

from dataclasses import replace

import pytest

from mri import record
from mri.format.config import Sampling
from mri.format.presets import PRESETS
from mri.format.wire import frame_from_bytes, iter_records
from mri.nanochat.chat import ids_from_prompt
from mri.nanochat.disk.describe import read_config
from mri.nanochat.disk.plain_tokenizers import Characters, TokenIds
from mri.nanochat.disk.tokenizer_files import load_tokenizer
from mri.nanochat.locate import find_checkpoint
from mri.store.library import Library
from mri.web.plan import FILE_BYTES, READING_BYTES, plan_of

REF = find_checkpoint(None)
CONFIG = read_config(REF)
PROMPT = "When Mia and Tom went to the laboratory, Tom gave a ball to"


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(REF.tokenizer)


def offers(plan):
    return {preset["name"]: preset for preset in plan["presets"]}


@pytest.mark.parametrize("preset", PRESETS)
def test_sizes_and_steps_are_bounds_of_what_is_recorded(tokenizer, tmp_path, preset):
    most = 6
    offer = offers(plan_of(tokenizer, CONFIG, "Mia and Tom", False, most))[preset]
    record("Mia and Tom", config=preset, temperature=0, max_new_tokens=most, sessions=tmp_path)
    library = Library(tmp_path)
    with library.open(library.list()[0].id) as reader:
        assert reader.session.max_steps == offer["steps"]
        steps = reader.num_steps
        records = iter_records(reader.records(0, steps))
        kept = sum(frame_from_bytes(record.payload).num_bytes for record in records)
    if steps == offer["steps"]:
        assert kept == offer["bytes"] - FILE_BYTES
    else:
        assert kept < offer["bytes"] - FILE_BYTES
    [file] = tmp_path.glob("*.h5")
    assert file.stat().st_size <= offer["bytes"]


def test_a_step_more_costs_more_and_a_full_context_is_the_end(tokenizer):
    sizes = [offers(plan_of(tokenizer, CONFIG, PROMPT, False, most))["rows"] for most in (1, 2, 40, 492, 493, 5000)]
    assert [size["steps"] for size in sizes] == [20, 21, 59, 511, 512, 512]
    assert [size["bytes"] for size in sizes] == sorted(size["bytes"] for size in sizes)


def test_words_that_are_read_in_pieces_are_told_with_their_place(tokenizer):
    prompt = "🦊 the laboratory,\n  xylem 12"
    unknown = plan_of(tokenizer, CONFIG, prompt, False, 4)["unknown"]
    assert [word["text"] for word in unknown] == ["laboratory", "xylem"]
    assert unknown[0]["pieces"] == ["l", "ab", "or", "at", "or", "y"]
    units = prompt.encode("utf-16-le")  # as JavaScript counts
    for word in unknown:
        start, stop = 2 * word["at"], 2 * (word["at"] + word["length"])
        assert units[start:stop].decode("utf-16-le") == word["text"]


def test_very_long_words_and_many_of_them_are_cut_short(tokenizer):
    [word] = plan_of(tokenizer, CONFIG, "q" * 20_000, False, 4)["unknown"]
    assert (len(word["pieces"]), word["pieces"][-1]) == (25, "…")
    assert len(plan_of(tokenizer, CONFIG, "xylem " * 500, False, 4)["unknown"]) == 101


def test_a_chat_has_its_special_tokens_and_a_model_without_them_says_so(tokenizer):
    chat = plan_of(tokenizer, CONFIG, "What is 2 plus 3?", True, 4)
    assert chat["tokens"] == len(ids_from_prompt(tokenizer, "What is 2 plus 3?", chat=True))
    letters = Characters("abc ")
    config = replace(CONFIG, vocab_size=4)
    assert "no tokens for conversations" in plan_of(letters, config, "abc", True, 4)["problem"]
    assert plan_of(letters, config, "abc", False, 4)["unknown"] == []
    assert "knows no 'd'" in plan_of(letters, config, "d", False, 4)["problem"]
    ids = plan_of(TokenIds(4), config, "1 2 3", False, 4)
    assert (ids["tokens"], ids["problem"]) == (3, "")


def test_an_empty_prompt_is_nothing_yet_and_half_a_character_is_a_sentence(tokenizer):
    assert plan_of(tokenizer, CONFIG, "  ", False, 4)["tokens"] == 0
    assert plan_of(tokenizer, CONFIG, "\ud800", False, 4)["problem"].endswith(".")


@pytest.mark.parametrize(
    ("n_layer", "title", "is_stepwise"), [(6, "Reading", True), (40, "Standard", True), (60, "Standard", False)]
)
def test_standard_is_reading_where_a_step_is_cheap(tokenizer, n_layer, title, is_stepwise):
    config = replace(CONFIG, n_layer=n_layer)
    standard = offers(plan_of(tokenizer, config, PROMPT, False, 64))["standard"]
    assert (standard["title"], standard["is_stepwise"]) == (title, is_stepwise)
    lacks = [words for words, _ in standard["lacks"]]
    assert ("memory neurons" in lacks) is not is_stepwise
    if title == "Reading":
        assert standard["bytes"] - FILE_BYTES <= READING_BYTES * standard["steps"]
    if is_stepwise:
        assert standard["keeps"] == "Also every prompt word, whole looks, memory neurons"
    else:
        assert standard["keeps"] == "Also the 16 strongest numbers of every point"


def test_every_lack_is_said_in_plain_words_with_the_fields_beside(tokenizer):
    found = offers(plan_of(tokenizer, CONFIG, PROMPT, False, Sampling.max_new_tokens))
    assert ["single neurons (the tower stays dark)", "any neuron"] in map(list, found["light"]["lacks"])
    assert found["everything"]["lacks"] == []
    assert ("numbers weaker than the 64 strongest", "neurons that are not among the strongest") in found["rows"][
        "lacks"
    ]


def test_what_no_budget_holds_is_said_of_the_preset(tokenizer):
    huge = replace(CONFIG, n_layer=600, n_embd=8192, n_head=64, n_kv_head=64)
    found = offers(plan_of(tokenizer, huge, PROMPT, False, 4))["everything"]
    assert "max_bytes_per_step" in found["problem"]
    assert (found["bytes"], found["steps"]) == (0, 0)
