"""The tokens of a session as a table."""

from tests.panels.conftest import table


def test_tokens_say_who_read_them(reader):
    found, _ = table(reader, "tokens")
    assert found["token"].tolist() == ["a", " ", "b", "c", "d", "e"]
    assert found["read_by"].tolist() == ["0", "1", "2", "3", "4", "-1"]
    assert found["logprob"].tolist()[0] == "", "nothing predicted the first token"
