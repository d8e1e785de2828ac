"""The command line as a person types it: a real process, its output, its exit code."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from mri.store.library import Library

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "E5"


def mri(*args: object, sessions: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mri", *map(str, args)] + (["--sessions", str(sessions)] if sessions else [])
    environment = {**os.environ, "COLUMNS": "120", "TERM": "dumb", **environment}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, errors="replace")


def record(sessions: Path, *args: object) -> subprocess.CompletedProcess[str]:
    return mri("record", "ab", "--model", GOLDEN, "--max-new-tokens", 5, *args, sessions=sessions)


def test_record_ls_show_verify(tmp_path: Path) -> None:
    done = record(tmp_path, "--name", "first [try]", "--capture", "everything", "--temperature", 0)
    assert done.returncode == 0, done.stderr
    [info] = Library(tmp_path).list()
    assert str(tmp_path / f"{info.id}.h5") in done.stdout.replace("\n", "")
    model = GOLDEN / "base_checkpoints" / "d3" / "model_000010.pt"
    assert done.stderr == (
        f"Model base/d3/10 ({model})\n"
        "8.19 bits per byte on a kilobyte of English (a uniform guess 5.80, a model of English about 1).\n"
        "Capture everything: at most 22.9 KB a step.\n"
        f"Live at http://127.0.0.1:8050/live?session={info.id} where `python app.py --sessions {tmp_path}` runs.\n"
    )
    listed = mri("ls", sessions=tmp_path)
    assert info.id in listed.stdout
    assert "first [try]" in listed.stdout
    shown = mri("show", info.id, sessions=tmp_path)
    assert "era E5" in shown.stdout
    assert "temperature 0" in shown.stdout
    for target in (info.id, tmp_path / f"{info.id}.h5"):
        checked = mri("verify", target, sessions=tmp_path)
        assert checked.returncode == 0
        assert "all checksums right" in checked.stdout


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("record", ""), "The prompt is empty"),
        (("record", "word " * 2000), "the model's context holds 512"),
        (("record", "a", "--capture", "all"), "choose from light, standard, rows, everything"),
        (("record", "a", "--temperature", "-1"), "temperature=-1.0 must be"),
        (("record", "a", "--set", "softcap=0"), "is not positive"),
        (("record", "a", "--set", "rope=3"), "no constant 'rope': known are softcap"),
        (("record", "caf\udce9 au lait"), "The prompt holds half a surrogate pair"),
        (("record", "a", "--name", "caf\udce9"), "The name holds half a surrogate pair"),
        (("record", "a", "--model", "nowhere"), "does not exist"),
        (("show", "nothing"), "There is no session 'nothing'"),
        (("show", "../../etc/passwd"), "There is no session"),
        (("verify", "nothing"), "There is no session 'nothing'"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_1(args: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    model = ("--model", str(GOLDEN)) if args[0] == "record" and "--model" not in args else ()
    done = mri(*args, *model, sessions=tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_constant_is_set(tmp_path: Path) -> None:
    assert record(tmp_path, "--set", "softcap=20").returncode == 0
    [info] = Library(tmp_path).list()
    with Library(tmp_path).open(info.id) as reader:
        assert reader.session.provenance["softcap"] == 20


def test_wrong_usage_is_exit_code_2_and_help_reads(tmp_path: Path) -> None:
    assert mri("record").returncode == 2
    assert mri("nonsense").returncode == 2
    helped = mri("--help")
    assert helped.returncode == 0
    for command in ("record", "ls", "show", "verify", "export", "import", "bench"):
        assert command in helped.stdout


def test_damaged_files_are_named(tmp_path: Path, handmade_session: Callable[..., Path]) -> None:
    path = handmade_session(tmp_path)
    data = bytearray(path.read_bytes())
    path.write_bytes(data[: len(data) // 2])
    cut = mri("verify", "handmade", sessions=tmp_path)
    assert cut.returncode == 1
    assert "handmade.h5" in cut.stderr
    assert "Traceback" not in cut.stderr
    listed = mri("ls", sessions=tmp_path)
    assert listed.returncode == 0
    assert "broken" in listed.stdout


def test_several_are_verified_and_each_bad_one_is_told(tmp_path: Path, handmade_session: Callable[..., Path]) -> None:
    handmade_session(tmp_path)
    with h5py.File(handmade_session(tmp_path, "lacks"), "r+") as file:
        del file["attention/entropy"]
    done = mri("verify", "handmade", "lacks", "nothing", sessions=tmp_path)
    assert done.returncode == 1
    assert "handmade.h5: 5 steps, all checksums right." in done.stdout
    assert [sentence.split()[0] for sentence in done.stderr.splitlines()] == ["Step", "There"]
    assert "lacks attention/entropy" in done.stderr


def long_named(folder: Path, handmade_session: Callable[..., Path]) -> str:
    name = "Once there was a girl named Mia, 雪 🙂 \u202e\x1b[31m " + "and then " * 30 + "THE END"
    handmade_session(folder)
    Library(folder).rename("handmade", name)
    return name


def test_in_a_pipe_a_session_is_one_line_with_all_of_it(tmp_path: Path, handmade_session: Callable[..., Path]) -> None:
    long_named(tmp_path, handmade_session)
    for command in (("ls",), ("show", "handmade")):
        done = mri(*command, sessions=tmp_path, COLUMNS="40")
        (line,) = [line for line in done.stdout.splitlines() if "THE END" in line]
        assert "Mia, 雪 🙂 \\u202e\\x1b[31m and then" in line, "what moves the terminal's cursor is an escape"
    empty = mri("ls", sessions=tmp_path / "handmade.h5", COLUMNS="40")
    assert empty.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_output_in_any_encoding(tmp_path: Path, handmade_session: Callable[..., Path], encoding: str) -> None:
    long_named(tmp_path, handmade_session)
    for command in (("ls",), ("show", "handmade", "--json"), ("show", "雪")):
        done = mri(*command, sessions=tmp_path, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert done.returncode == (command[1:] == ("雪",)), done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout or done.stderr
        if "--json" in command:
            assert "Mia, 雪 🙂" in str(json.loads(done.stdout))


def test_json_says_what_the_table_says(tmp_path: Path, handmade_session: Callable[..., Path]) -> None:
    path = handmade_session(tmp_path)
    (tmp_path / "junk.h5").write_bytes(b"junk")
    lines = {line["id"]: line for line in json.loads(mri("ls", "--json", sessions=tmp_path).stdout)}
    assert (lines["handmade"]["num_steps"], lines["handmade"]["path"]) == (5, str(path))
    assert lines["junk"]["state"] == "broken"
    shown = json.loads(mri("show", "handmade", "--json", sessions=tmp_path).stdout)
    assert (shown["session"]["prompt"], shown["steps_with_drops"], shown["state"]) == ("a b", 0, "finished")


def test_a_folder_that_is_none_is_said(tmp_path: Path, handmade_session: Callable[..., Path]) -> None:
    path = handmade_session(tmp_path)
    for command in (("ls",), ("export", "handmade")):
        done = mri(*command, sessions=tmp_path / "typo")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert f"{tmp_path / 'typo'} does not exist" in done.stderr
        done = mri(*command, sessions=path)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "is a file: give the folder" in done.stderr
    done = record(path)
    assert (done.returncode, "is a file" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_text_that_no_file_can_hold_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    for args in (("--name", b"caf\xe9"), (b"caf\xe9 au lait",)):
        command = [sys.executable, "-m", "mri", "record", *(args if len(args) == 1 else ("ab", *args))]
        done = subprocess.run([*command, "--model", GOLDEN, "--sessions", tmp_path], cwd=ROOT, capture_output=True)
        assert done.returncode == 1
        assert b"half" in done.stderr
        assert b"Traceback" not in done.stderr
        assert list(tmp_path.iterdir()) == []


def test_without_torch_the_command_that_needs_it_says_so(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['mri', 'record', 'hi']; from mri.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "PyTorch is not installed here, and no model runs without it: `pip install torch`.\n"


def test_a_missing_package_is_a_sentence_with_its_cure(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pyarrow'] = None; from mri.cli import main; main()"
    command = [sys.executable, "-c", code, "export", "demo-gift", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        done.stderr == "This command needs pyarrow, which is not installed here: `pip install -r requirements.txt`.\n"
    )


def test_what_came_with_the_project_is_found_by_id_and_listed_where_no_folder_is_named(tmp_path: Path) -> None:
    listed = mri("ls", "--json", sessions=None)
    assert {"demo-gift", "pair-gift"} <= {row["id"] for row in json.loads(listed.stdout) if row["is_bundled"]}
    assert "bundled Who gets the ball?" in mri("ls", sessions=None).stdout
    tmp_path.joinpath("mine").mkdir()
    assert json.loads(mri("ls", "--json", sessions=tmp_path / "mine").stdout) == []
    assert "Who gets the ball?" in mri("show", "demo-gift", sessions=tmp_path / "mine").stdout
    assert mri("verify", "demo-gift", "lesson-xor", sessions=tmp_path / "mine").returncode == 0
    done = mri("export", "demo-gift", "--what", "tokens", "--out", tmp_path / "out", sessions=tmp_path / "mine")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["demo-gift.tokens.parquet"]


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    done = mri("ls", sessions=tmp_path)
    assert done.returncode == 0
    assert "record one with" in done.stdout


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_keeps_what_was_recorded(tmp_path: Path) -> None:
    prompt = "Once there was a girl named Mia."  # to the embedded model, hot, with all it has: no other takes so long
    how = ["--max-new-tokens", "480", "--temperature", "1.5", "--seed", "4", "--capture", "everything"]
    child = subprocess.Popen(
        [sys.executable, "-m", "mri", "record", prompt, *how, "--sessions", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while child.poll() is None:
        if any(journal.stat().st_size for journal in tmp_path.glob("*/frames.journal")):
            child.send_signal(signal.SIGINT)
            break
    out, err = child.communicate(timeout=120)
    assert child.returncode == 130, err
    [info] = Library(tmp_path).list()
    assert info.state == "finished"
    assert 0 < info.num_steps < 480
    assert "interrupted" in out


def test_a_full_disk_ends_the_recording_and_keeps_the_answer(tmp_path: Path) -> None:
    """A limit on file size stands for the full disk: the write fails in the same place."""
    command = [sys.executable, "-m", "mri", "record", "ab", "--model", str(GOLDEN), "--max-new-tokens", "40"]
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))  # noqa: E731
    done = subprocess.run(
        [*command, "--sessions", str(tmp_path), "--temperature", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 5, "model, English, what is kept, where to watch it, what went wrong"
    assert "Traceback" not in done.stderr
    assert "frames.journal" in done.stderr
    [info] = Library(tmp_path).list()
    with Library(tmp_path).open(info.id) as reader:
        assert 0 < reader.num_steps < 40
        reader.frame(reader.num_steps - 1)
    whole = record(tmp_path, "--max-new-tokens", 40, "--temperature", 0)
    assert done.stdout.splitlines()[0] == whole.stdout.splitlines()[0]  # the generation went on to its end
