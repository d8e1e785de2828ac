"""Prompts to ids, as nanochat writes them."""

import pytest

from mri.errors import PromptError
from mri.nanochat.chat import ids_from_prompt
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
