"""The validator: nothing is wrong with the project's lessons, and it finds what is wrong with others."""

import shutil

import pytest
from typer.testing import CliRunner

from mri.cli import app
from mri.lessons.check import check_folder
from mri.paths import LESSONS


def test_nothing_is_wrong_with_the_lessons():
    assert check_folder(LESSONS) == []


@pytest.fixture
def folder(tmp_path):
    """A copy of the first lesson, to break."""
    shutil.copytree(LESSONS, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("[2-9]-*"))
    return tmp_path


def edited(folder, before, after):
    path = folder / "1-perceptron" / "lesson.en.md"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("sessions: [lesson-and, ", "sessions: [lesson-gone, lesson-and, ", "lesson-gone"),
        ("session: lesson-and\n", "session: lesson-none\n", "'lesson-none' is not among"),
        ("point: sum\n", "point: total\n", "'total' is no hook point"),
        ("neuron: 0\n", "neuron: 3\n", "sum has no neuron 3"),
        ("neuron: 0\n", "neuron: 0\npart: '3.1'\n", "'3.1' is no part of the session"),
        ("target: transport\n", "target: transport.lever\n", "no target 'transport.lever'"),
        ("glow:neuron:sum:0", "glow:neuron:sum:1", "sum has no neuron 1"),
        ("target: transport\n", "target: layers\n", "only where the panel 'layers' is open"),
        ("glow:widget.wire1", "glow:stage", "the moment has no session"),
        ("unlock: [stage]", "unlock: [stage.legend]", "cannot be unlocked"),
        ("unlock: [transport, speed]", "unlock: [speed]", "'played' cannot be done"),
        ("when: {played: true}", "when: {clicked: true}", "no condition 'clicked'"),
        ("when: {played: true}", "when: {played: 3}", "no value for 'played'"),
        ("when: {step_at: 10}", "when: {step_at: 99}", "no step 99"),
        ("{{ sum_then }}", "{{ sum_them }}", "no number 'sum_them'"),
        ("{{ w1_start }}", "{{ w1_start | .2q }}", "no format"),
        ("when: {opened: sum_then}", "when: {opened: sum_end}", "no number 'sum_end' to open"),
        ("check: true\n", "", "the last 3 moments"),
        ("Two weights, one bias", "word " * 90, "words are too many"),
    ],
)
def test_each_fault_is_found(folder, before, after, says):
    edited(folder, before, after)
    found = check_folder(folder)
    assert any(says in sentence for sentence in found), found


def test_a_part_of_the_screen_without_words_is_found(folder):
    path = folder / "words.en.yaml"
    path.write_text(path.read_text("utf-8").replace("  speed: [", "  haste: ["), "utf-8")
    assert check_folder(folder) == ["words.en.yaml does not say what 'speed' is."]


def test_the_command_says_it_and_fails(folder):
    good = CliRunner().invoke(app, ["lessons", "check", str(folder)])
    assert (good.exit_code, "nothing is wrong" in good.output) == (0, True)
    edited(folder, "point: sum\n", "point: total\n")
    bad = CliRunner().invoke(app, ["lessons", "check", str(folder)])
    assert bad.exit_code == 1
    assert "'total' is no hook point" in bad.output
