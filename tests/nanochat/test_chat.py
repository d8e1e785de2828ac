"""Prompts to ids, as nanochat writes them."""

import numpy as np
import pytest
import torch

from mri.errors import PromptError
from mri.nanochat.chat import ids_from_prompt, text_of
from tests.nanochat.test_tokenizer import TOKENIZER

BOS, USER, USER_END, ASSISTANT, ASSISTANT_END = (
    TOKENIZER.special[f"<|{name}|>"] for name in ("bos", "user_start", "user_end", "assistant_start", "assistant_end")
)


def said(role, content):
    return {"role": role, "content": content}


def test_text_is_a_document():
    assert ids_from_prompt(TOKENIZER, "Hi <|bos|>") == [BOS, *TOKENIZER.encode("Hi <|bos|>")]


def test_text_as_chat_is_one_message():
    expected = [BOS, USER, *TOKENIZER.encode("Hi"), USER_END, ASSISTANT]
    assert ids_from_prompt(TOKENIZER, "Hi", chat=True) == expected
    assert ids_from_prompt(TOKENIZER, [said("user", "Hi")]) == expected


def test_a_conversation():
    e = TOKENIZER.encode
    prompt = [said("user", "Hi"), said("assistant", "Hello."), said("user", "2+2?")]
    expected = [BOS, USER, *e("Hi"), USER_END, ASSISTANT, *e("Hello."), ASSISTANT_END]
    expected += [USER, *e("2+2?"), USER_END, ASSISTANT]
    assert ids_from_prompt(TOKENIZER, prompt, chat=True) == expected


def test_a_system_message_joins_the_first_user_message():
    prompt = [said("system", "Be brief."), said("user", "Hi")]
    assert ids_from_prompt(TOKENIZER, prompt) == ids_from_prompt(TOKENIZER, [said("user", "Be brief.\n\nHi")])


def test_ids_are_taken_as_they_are():
    assert ids_from_prompt(TOKENIZER, (BOS, 0, 299)) == [BOS, 0, 299]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("", "prompt is empty"),
        ([], "prompt is empty"),
        ([300], "Token id 300 does not exist: this model's ids go from 0 to 299"),
        ([-1], "Token id -1"),
        ([True], "cannot hold True"),
        ([1, "a"], "cannot hold 'a'"),
        ([1, said("user", "x")], "cannot hold"),
        ([said("user", "x"), 1], "cannot hold"),
        ([{"role": "user"}], "needs a role and a content"),
        ([said("user", 3)], "needs a role and a content"),
        ([said("user", "")], "message of the user is empty"),
        ([said("assistant", "x")], "Message 1 is from 'assistant' where 'user' is due"),
        ([said("user", "x"), said("user", "y")], "Message 2 is from 'user' where 'assistant' is due"),
        ([said("user", "x"), said("tool", "y")], "Message 2 is from 'tool'"),
        ([said("user", "x"), said("assistant", "y")], "ends with the assistant"),
        ([said("system", "x")], "must be followed"),
        ([said("system", "x"), said("assistant", "y")], "must be followed"),
    ],
)
def test_what_is_no_prompt_is_one_sentence(prompt, words):
    with pytest.raises(PromptError, match=words):
        ids_from_prompt(TOKENIZER, prompt)


def part(kind, text):
    return {"type": kind, "text": text}


TOOL = [part("text", "Let me see. "), part("python", "2+2"), part("python_output", "4"), part("text", "It is 4.")]


def test_a_message_in_nanochats_parts():
    e, special = TOKENIZER.encode, TOKENIZER.special
    prompt = {"messages": [said("user", "2+2?"), said("assistant", TOOL), said("user", "Sure?")]}
    expected = [BOS, USER, *e("2+2?"), USER_END, ASSISTANT, *e("Let me see. ")]
    expected += [special["<|python_start|>"], *e("2+2"), special["<|python_end|>"]]
    expected += [special["<|output_start|>"], *e("4"), special["<|output_end|>"], *e("It is 4."), ASSISTANT_END]
    expected += [USER, *e("Sure?"), USER_END, ASSISTANT]
    assert ids_from_prompt(TOKENIZER, prompt) == expected == ids_from_prompt(TOKENIZER, prompt["messages"])
    assert text_of(prompt["messages"][1]) == (
        "Let me see. <|python_start|>2+2<|python_end|><|output_start|>4<|output_end|>It is 4."
    )


@pytest.mark.parametrize(
    "ids",
    [
        np.array([BOS, 5, 7]),
        np.array([[BOS, 5, 7]], np.uint16),
        torch.tensor([[BOS, 5, 7]]),
        [np.int64(BOS), np.uint8(5), torch.tensor(7)],
    ],
)
def test_ids_of_numpy_and_torch(ids):
    found = ids_from_prompt(TOKENIZER, ids)
    assert found == [BOS, 5, 7]
    assert {type(i) for i in found} == {int}


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (np.zeros((2, 3), int), "not int64 of the shape"),
        (np.array([1.0]), "not float64"),
        (torch.tensor([True]), "not torch.bool"),
        (np.array([], int), "prompt is empty"),
        ([np.bool_(True)], "cannot hold True"),
        ({"conversation": []}, "A conversation is"),
        ([said("user", TOOL)], "Only an assistant's message has parts"),
        ([said("user", "x"), said("assistant", [])], "message of the assistant is empty"),
        ([said("user", "x"), said("assistant", [part("image", "y")])], "A part of a message is a type"),
        ([said("user", "x"), said("assistant", [part("text", 3)])], "A part of a message is a type"),
        ([said("user", "x"), said("assistant", ["y"])], "A part of a message is a type"),
    ],
)
def test_what_is_no_conversation_and_no_ids(prompt, words):
    with pytest.raises(PromptError, match=words):
        ids_from_prompt(TOKENIZER, prompt)
