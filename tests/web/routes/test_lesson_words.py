"""The reader's own text in tokens, and words with their neighbours, over HTTP."""

import pytest

from mri.web.server import create_app


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    return create_app(tmp_path_factory.mktemp("sessions")).server.test_client()


def test_tokens_come_with_every_merge(client):
    answer = client.get("/lessons/tokens", query_string={"text": "The beautiful zyx"}).json
    assert "".join(piece["text"] for piece in answer["pieces"]) == "The beautiful zyx"
    beautiful = answer["pieces"][1]
    assert beautiful["merges"][0] == list(" beautiful")
    assert [token["text"] for token in beautiful["tokens"]] == beautiful["merges"][-1] == [" beautiful"]
    assert all(
        len(after) == len(before) - 1
        for before, after in zip(beautiful["merges"], beautiful["merges"][1:], strict=False)
    )
    assert len(answer["pieces"][2]["tokens"]) > 1


def test_the_words_are_those_of_the_apps_own_lessons(tmp_path, client):
    assert client.get("/lessons/words/girl").status_code == 200
    other = create_app(tmp_path / "sessions", lessons=tmp_path).server.test_client()
    answer = other.get("/lessons/words/girl")
    assert (answer.status_code, answer.json["error"][:33]) == (404, "These lessons have no words to lo")


def test_tokens_have_the_tokenizers_ids(client):
    from mri.nanochat.disk.tokenizer_files import load_tokenizer
    from mri.paths import EMBEDDED

    text = "Mia's 1234 dogs\n  ran 😀 <|bos|>"
    pieces = client.get("/lessons/tokens", query_string={"text": text}).json["pieces"]
    tokenizer = load_tokenizer(EMBEDDED / "tokenizer" / "tokenizer.pkl")
    assert [token["id"] for piece in pieces for token in piece["tokens"]] == tokenizer.encode(text)


def test_no_text_has_no_pieces(client):
    assert client.get("/lessons/tokens").json == {"pieces": []}


def test_a_long_text_is_refused_in_a_sentence(client):
    answer = client.get("/lessons/tokens", query_string={"text": "a" * 161})
    assert answer.status_code == 400
    assert "at most 160" in answer.json["error"]


def test_a_word_has_its_row_and_its_neighbours(client):
    answer = client.get("/lessons/words/RED").json
    assert answer["word"] == "red"
    assert len(answer["row"]) == 256
    assert [near["word"] for near in answer["near"]][:2] == ["white", "yellow"]
    cosines = [near["cosine"] for near in answer["near"]]
    assert cosines == sorted(cosines, reverse=True)


@pytest.mark.parametrize("word", ["xylophone", "%20", "<b>"])
def test_what_is_no_word_is_a_sentence(client, word):
    answer = client.get(f"/lessons/words/{word}")
    assert answer.status_code in (400, 404)
    assert answer.json["error"]
