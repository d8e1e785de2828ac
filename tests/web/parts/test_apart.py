"""What tells recordings of one title apart: the shortest that does."""

from mri.format.presets import PRESETS
from mri.store.library import Library, SessionInfo
from mri.web.parts.apart import capture_words, title_in, titles, told_apart
from tests.conftest import write_handmade_session

NOON = "2026-07-03T12:00:00+00:00"


def info(session_id, start_time=NOON, capture="standard", prompt="Mia went", **sampling):
    return SessionInfo(
        session_id, "finished", 1, prompt=prompt, start_time=start_time, sampling=sampling, capture=PRESETS[capture]
    )


def apart(*infos):
    return [*told_apart(infos).values()]


def test_who_has_no_namesake_needs_nothing():
    assert titles([info("a"), info("b", prompt="Tom went")]) == ["Mia went", "Tom went"]


def test_one_fact_is_enough_where_it_differs():
    assert apart(info("a", seed=1), info("b", seed=2)) == ["seed 1", "seed 2"]
    assert apart(info("a", temperature=0.0), info("b", temperature=0.6)) == ["temperature 0", "temperature 0.6"]
    assert apart(info("a", seed=1), info("b", seed=1, capture="light")) == ["standard", "light"]
    assert titles([info("a", seed=1), info("b", seed=2)]) == ["Mia went · seed 1", "Mia went · seed 2"]


def test_the_day_and_only_as_much_of_the_time_as_is_needed():
    days = apart(info("a", "2026-07-03T12:00:00+00:00"), info("b", "2026-07-05T12:00:00+00:00"))
    assert days == ["2026-07-03", "2026-07-05"]
    minutes = apart(info("a", "2026-07-03T12:00:00+00:00"), info("b", "2026-07-03T12:07:00+00:00"))
    assert [text[-2:] for text in minutes] == ["00", "07"]
    assert [len(text) for text in minutes] == [5, 5]
    seconds = apart(info("a", "2026-07-03T12:00:01+00:00"), info("b", "2026-07-03T12:00:02+00:00"))
    assert [text[-5:] for text in seconds] == ["00:01", "00:02"]


def test_of_several_facts_the_fewest_that_do():
    four = [info(f"{seed}{heat}", seed=seed, temperature=heat) for seed in (1, 2) for heat in (0.5, 1.0)]
    assert apart(*four) == [
        "seed 1 · temperature 0.5",
        "seed 1 · temperature 1",
        "seed 2 · temperature 0.5",
        "seed 2 · temperature 1",
    ]


def test_where_nothing_differs_the_id_does():
    assert apart(info("a", seed=1), info("b", seed=1)) == ["a", "b"]
    assert apart(info("a", "", seed=1), SessionInfo("b", "broken", 0, prompt="Mia went")) == ["a", "b"]


def test_long_prompts_are_compared_as_they_are_shown():
    same = [info(name, prompt="x" * 70 + name, seed=seed) for seed, name in enumerate("ab")]
    assert apart(*same) == ["seed 0", "seed 1"]
    assert told_apart(same, of=["elsewhere"]) == {}


def test_a_title_beside_those_of_the_library(tmp_path):
    write_handmade_session(tmp_path)
    library = Library(tmp_path)
    assert title_in(library, library.info("handmade")) == "Handmade"
    write_handmade_session(tmp_path, session_id="second")
    assert title_in(library, library.info("second")) == "Handmade · second"


def test_a_capture_that_is_no_preset_is_said_by_what_it_keeps():
    assert [capture_words(config) for config in PRESETS.values()] == [*PRESETS]
    assert capture_words(None) == ""
