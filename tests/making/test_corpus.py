"""The corpus is seeded, true, consistent, and keeps what it holds out."""

import itertools
import math
import re

import pytest

from mri.making import corpus
from mri.making.corpus import facts, numbers
from mri.making.corpus.documents import a, filling, is_held_out, listed, with_answer
from mri.making.corpus.world import BOYS, CAPITALS, GIRLS, NUMBER_WORDS, OPPOSITES, PEOPLE

N = 3_000


@pytest.fixture(scope="module")
def sample() -> list[corpus.Document]:
    return list(itertools.islice(corpus.documents("test"), N))


def test_document_depends_on_its_seed_alone(sample: list[corpus.Document]) -> None:
    assert corpus.document("test/17") == sample[17]
    assert corpus.document("test/17").text != corpus.document("other/17").text


def test_every_family_appears(sample: list[corpus.Document]) -> None:
    assert {document.family for document in sample} == set(corpus.FAMILIES)


def test_number_of_different_words() -> None:
    assert 1_500 <= len(corpus.vocabulary()) <= 2_500


def test_names_are_whole_words_of_the_vocabulary() -> None:
    assert {"Mia", "Tom", "Paris", "France"} <= set(corpus.NAMES)
    assert {"Mia", "Tom", "Paris", "France"} <= set(corpus.vocabulary())


def test_no_training_document_has_a_held_out_filling(sample: list[corpus.Document]) -> None:
    assert not any(is_held_out(key) for document in sample for key in document.fillings)


def test_held_out_fillings_never_appear_in_training(sample: list[corpus.Document]) -> None:
    trained = {key for document in sample for key in document.fillings}
    for family in ("indirect_object", "colours", "fact", "sums", "reading", "chat.ask_fact", "chat.calculate"):
        for document in itertools.islice(corpus.held_out(family, "test"), 20):
            assert is_held_out(document.fillings[0])
            assert document.fillings[0] not in trained


def test_about_one_filling_in_ten_is_held_out() -> None:
    share = sum(is_held_out(filling("x", n)) for n in range(5_000)) / 5_000
    assert 0.08 < share < 0.12


@pytest.mark.parametrize("relation", ["capital", "opposite"])
def test_every_fact_is_still_taught(relation: str) -> None:
    """No subject may have all its templates held out."""
    templates = facts.RELATIONS[relation].statements
    for subject, _ in facts.RELATIONS[relation].pairs:
        assert sum(not is_held_out(filling(relation, template, subject)) for template in templates) >= 2


def test_every_sum_is_still_taught() -> None:
    ways = {(template, write) for template, write in numbers.SUM_TEMPLATES}
    for total in range(1, numbers.LARGEST_SUM + 1):
        for x in range(total + 1):
            keys = [filling("sum", template, write.__name__, x, total - x) for template, write in ways]
            assert not all(map(is_held_out, keys))


def test_sums_and_differences_are_right(sample: list[corpus.Document]) -> None:
    value = {word: n for n, word in enumerate(NUMBER_WORDS)} | {str(n): n for n in range(10_000)}
    found = 0
    for document in sample:
        text = document.text.lower()
        for x, operator, y, result in re.findall(r"\b(\w+) (\+|-|\*|plus|minus|times) (\w+) (?:is|=) (\w+)", text):
            numbers_ = value[x], value[y]
            expected = {
                "+": sum(numbers_),
                "plus": sum(numbers_),
                "*": math.prod(numbers_),
                "times": math.prod(numbers_),
            }
            assert value[result] == expected.get(operator, numbers_[0] - numbers_[1]), document.text
            found += 1
        for x, operator, y, result in re.findall(r"(\d+)([-+*])(\d+)<\|python_end\|><\|output_start\|>(\d+)<", text):
            assert int(result) == {"+": int(x) + int(y), "-": int(x) - int(y), "*": int(x) * int(y)}[operator]
            found += 1
    assert found > 200


def test_pronouns_fit_the_people() -> None:
    """In a story whose people are all girls nobody is 'he'; and the other way round."""
    relatives = {"mother", "grandmother", "aunt", "sister", "father", "grandfather", "uncle", "brother"}
    girls, boys = {p.name for p in GIRLS}, {p.name for p in BOYS}
    checked = 0
    for n in range(600):
        text = corpus.FAMILIES["story"][1](corpus.Choices(f"pronouns/{n}")).text
        words = set(re.findall(r"\w+", text))
        if words & relatives:
            continue
        if not words & boys:
            assert not words & {"he", "He", "him", "his", "His", "boy"}, text
            checked += 1
        if not words & girls:
            assert not words & {"she", "She", "girl"}, text
            checked += 1
    assert checked > 50


def test_indirect_object_is_the_other_person(sample: list[corpus.Document]) -> None:
    for document in sample:
        if document.family == "indirect_object":
            names = [word for word in re.findall(r"\w+", document.prompt) if word in {p.name for p in PEOPLE}]
            assert len(names) == 3
            assert document.answer_text.strip() in names[:2]
            assert document.answer_text.strip() != names[2]


def test_answers_stand_where_documents_say(sample: list[corpus.Document]) -> None:
    for document in sample:
        if document.answer:
            assert document.text.startswith(document.prompt + document.answer_text)
            assert document.answer_text.strip()
    with pytest.raises(ValueError, match="no answer"):
        _ = next(d for d in sample if d.family == "story").prompt


def test_chats_are_balanced(sample: list[corpus.Document]) -> None:
    for document in sample:
        for name in ("user", "assistant", "python", "output"):
            assert document.text.count(f"<|{name}_start|>") == document.text.count(f"<|{name}_end|>")


def test_nats_are_probabilities_of_texts() -> None:
    """Where the text shows every choice, exp(-nats) over all texts adds up to 1."""
    write = corpus.FAMILIES["naming"][1]
    probability = {}
    for n in range(20_000):
        c = corpus.Choices(f"nats/{n}")
        text = write(c).text
        probability[text] = math.exp(-c.nats)
    assert sum(probability.values()) == pytest.approx(1, abs=2e-3)


def test_choices_count_what_they_cost() -> None:
    c = corpus.Choices("x")
    c.pick("abcd")
    c.pick_some("abcd", 2)
    assert c.nats == pytest.approx(math.log(4 * 4 * 3))
    c = corpus.Choices("x")
    assert c.pick(("a", "a")) == "a"
    assert c.nats == 0
    c.chance(0.5)
    assert c.nats == pytest.approx(math.log(2))


def test_each_word_has_one_opposite() -> None:
    words = list(itertools.chain(*OPPOSITES))
    assert len(words) == len(set(words))
    assert len({country for country, _ in CAPITALS}) == len(CAPITALS) == 40


def test_small_grammar() -> None:
    assert (a("orange hat"), a("ball"), a("umbrella")) == ("an orange hat", "a ball", "an umbrella")
    assert listed(["milk"]) == "milk"
    assert listed(["milk", "tea", "jam"]) == "milk, tea and jam"
    spoken, figure = with_answer("It is ", "red", ".", ()), with_answer("7 + 5 = ", "12", ".", ())
    assert (spoken.prompt, spoken.answer_text) == ("It is", " red")
    assert (figure.prompt, figure.answer_text) == ("7 + 5 = ", "12")
