"""Neighbours and maps of words."""

import numpy as np
import pytest

from mri.errors import PromptError
from mri.lessons.levels.word_space import WordSpace
from mri.making.lessons.level_3 import letters

SPACE = WordSpace(
    ["red", "blue", "Mia", "seven"], [7, 8, 9, 10], np.float32([[3, 4, 0], [4, 3, 0], [0, 0, 2], [-3, -4, 1]])
)


def test_cosines_by_hand():
    np.testing.assert_allclose(SPACE.cosines("red"), [1, 24 / 25, 0, -25 / (5 * np.sqrt(26))], rtol=1e-6)


def test_nearest_leaves_the_word_out():
    assert [word for word, _ in SPACE.nearest("red", 2)] == ["blue", "Mia"]


def test_a_word_is_found_however_it_is_written():
    assert SPACE.place("RED") == SPACE.place("red") == 0
    assert SPACE.place("mia") == 2


def test_another_word_is_an_error_that_says_what_to_do():
    with pytest.raises(PromptError, match="choose a word from the list"):
        SPACE.row("xylophone")


def test_the_map_keeps_everything_where_there_are_two_directions():
    flat = WordSpace(["a", "b", "c"], [0, 1, 2], np.float32([[1, 0, 0], [0, 1, 0], [-1, 0, 0]]))
    places, share = flat.flat_map(["a", "b", "c"])
    assert share == pytest.approx(1)
    assert np.linalg.norm(places[0] - places[2]) == pytest.approx(2)


def test_words_come_back_from_their_letters():
    found = WordSpace.of(
        {"word_letters": letters(["Mia", "grandmother"]), "word_ids": np.float32([5, 6]), "word_rows": np.eye(2)}
    )
    assert found.words == ["Mia", "grandmother"]
    assert found.about("mia") == {"word": "Mia", "id": 5, "row": [1, 0], "near": [{"word": "grandmother", "cosine": 0}]}
