"""Whatever lies in a sessions folder: the server starts, the list is complete, the page is full, `mri ls` works."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import h5py
import numpy as np
import pytest
from dash import Dash
from typer.testing import CliRunner

from mri.cli import app as command_line
from mri.errors import MriError
from mri.format.wire import KIND_END, KIND_FRAME, record_bytes
from mri.store.description import session_from_journal_json
from mri.store.library import Library
from mri.web.server import create_app
from tests.conftest import write_handmade_session
from tests.store.hostile import KINDS
from tests.test_app import app as started
from tests.tiers import sample

Rng = np.random.Generator
VALUES = [
    None,
    7,
    -1,
    1 << 70,
    2.5,
    float("nan"),
    True,
    "",
    "x" * 5000,
    "\ud83d",
    "\u202e",
    [],
    [1],
    {},
    {"a": {}},
    "0001-01-01",
    "9999-12-31T23:59:59+14:00",
]


def junk_file(folder: Path, name: str, rng: Rng) -> None:
    (folder / f"{name}.h5").write_bytes(rng.bytes(int(rng.integers(0, 4000))))


def cut_file(folder: Path, name: str, rng: Rng) -> None:
    path = write_handmade_session(folder, name)
    path.write_bytes(path.read_bytes()[: int(rng.integers(0, path.stat().st_size))])


def described(path: Path, rng: Rng) -> str:
    """A description with one field of another kind."""
    session, _ = session_from_journal_json(path.read_bytes(), path)
    fields = {"format": "nanochat-mri", "format_version": 1, **session.to_json()}
    where = fields["layout"] if rng.random() < 0.3 else fields
    where[str(rng.choice([*where]))] = VALUES[rng.integers(len(VALUES))]
    return json.dumps(fields)


def odd_description(folder: Path, name: str, rng: Rng) -> None:
    path = write_handmade_session(folder, name, seal=False) / "session.json"
    path.write_text(described(path, rng))


def odd_description_of_a_file(folder: Path, name: str, rng: Rng) -> None:
    text = described(write_handmade_session(folder, f"t{name}", seal=False) / "session.json", rng)
    with h5py.File(write_handmade_session(folder, name), "r+") as file:
        file.attrs["session"], file.attrs["session_crc32"] = text, np.uint32(zlib.crc32(text.encode()))


def senseless_session_json(folder: Path, name: str, rng: Rng) -> None:
    (folder / name).mkdir()
    texts = [b"[" * 100_000, b"{}", b"", b"\xff\xfe", b"null", b'{"format":"nanochat-mri","format_version":1}']
    (folder / name / "session.json").write_bytes(texts[rng.integers(len(texts))])


def senseless_records(folder: Path, name: str, rng: Rng) -> None:
    """Checksums right, payloads not."""
    session = write_handmade_session(folder, name, seal=False)
    payloads = [b"", b"{}", b"[]", b"\0" * 64, b'{"end_reason": 5}', (2).to_bytes(8, "little") + b"{}", rng.bytes(40)]
    kinds = [KIND_FRAME, KIND_END]
    records = [record_bytes(kinds[rng.integers(2)], k, payloads[rng.integers(len(payloads))]) for k in range(3)]
    (session / "frames.journal").write_bytes(b"".join(records))


def changed_journal(folder: Path, name: str, rng: Rng) -> None:
    session = write_handmade_session(folder, name, seal=False)
    path = session / str(rng.choice(["session.json", "frames.journal", "vocabulary.safetensors", "recorder.json"]))
    content = bytearray(path.read_bytes())
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)


def missing_part(folder: Path, name: str, rng: Rng) -> None:
    session = write_handmade_session(folder, name, seal=False)
    (session / str(rng.choice(["session.json", "frames.journal", "vocabulary.safetensors", "lock"]))).unlink()


def pipe(folder: Path, name: str, rng: Rng) -> None:
    """Reading it would wait for ever."""
    kind = rng.integers(4)
    if kind == 0:
        os.mkfifo(folder / f"{name}.h5")
    elif kind == 1:
        write_handmade_session(folder, name)
        os.mkfifo(folder / f"{name}.name")
    else:
        session = write_handmade_session(folder, name, seal=False)
        part = session / ("session.json" if kind == 2 else "vocabulary.safetensors")
        part.unlink()
        os.mkfifo(part)


def endless_device(folder: Path, name: str, rng: Rng) -> None:
    session = write_handmade_session(folder, name, seal=False)
    part = session / str(rng.choice(["session.json", "vocabulary.safetensors", "frames.journal"]))
    part.unlink()
    part.symlink_to("/dev/zero")
    (folder / f"{name}.name").symlink_to("/dev/zero")


def dangling_link(folder: Path, name: str, rng: Rng) -> None:
    target = [folder / "nowhere", folder / f"{name}.h5", Path("/dev/null"), folder][rng.integers(4)]
    (folder / str(rng.choice([f"{name}.h5", f"a b {name}.h5", name]))).symlink_to(target)


def odd_name(folder: Path, name: str, rng: Rng) -> None:
    names = [
        b"x\xff.h5",
        b"a b.h5",
        b".h5",
        b"\xe2\x80\xae.h5",
        b"x\nx.h5",
        b"'\".h5",
        b"x" * 200 + b".h5",
        b"\xffolder",
    ]
    path = os.path.join(os.fsencode(folder), name.encode() + names[rng.integers(len(names))])
    if rng.random() < 0.5:
        os.mkdir(path)
    else:
        Path(os.fsdecode(path)).write_bytes(b"x")


def odd_sidecar(folder: Path, name: str, rng: Rng) -> None:
    write_handmade_session(folder, name)
    sidecar = folder / f"{name}.name"
    kind = rng.integers(4)
    if kind == 0:
        sidecar.write_bytes(b"\xff\xfe" * 30)
    elif kind == 1:
        sidecar.write_bytes(b"x" * 20_000_000)
    elif kind == 2:
        sidecar.mkdir()
    else:
        sidecar.symlink_to("/etc/passwd")


def folder_like_a_file(folder: Path, name: str, rng: Rng) -> None:
    (folder / f"{name}.h5").mkdir()


def file_like_a_folder(folder: Path, name: str, rng: Rng) -> None:
    (folder / name).write_bytes(b"x")


def forbidden(folder: Path, name: str, rng: Rng) -> None:
    write_handmade_session(folder, name, seal=False).chmod(0)


def hostile(folder: Path, name: str, rng: Rng) -> None:
    KINDS[str(rng.choice([*KINDS]))][0](write_handmade_session(folder / "in", name).rename(folder / f"{name}.h5"))


MAKERS: list[Callable[[Path, str, Rng], None]] = [
    junk_file,
    cut_file,
    odd_description,
    odd_description_of_a_file,
    senseless_session_json,
    senseless_records,
    changed_journal,
    missing_part,
    pipe,
    endless_device,
    dangling_link,
    odd_name,
    odd_sidecar,
    folder_like_a_file,
    file_like_a_folder,
    forbidden,
    hostile,
]


def lines_of_the_page(app: Dash) -> str:
    """What the Sessions page shows of the list, as it is sent."""
    client, start, rows = app.server.test_client(), 0, []
    while found := client.get(f"/library/rows?start={start}&stop={start + 200}").json["rows"]:
        rows, start = rows + found, start + 200
    return json.dumps(rows, ensure_ascii=False)


def test_odd_entries_stop_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    write_handmade_session(tmp_path, "good")
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(sample(ci=34, long=340)):
        MAKERS[i % len(MAKERS)](tmp_path, f"e{i}", rng)
    infos = Library(tmp_path).list()
    listed = {info.id for info in infos}
    assert len(infos) == len(listed)
    json.dumps([asdict(info) for info in infos], ensure_ascii=False).encode()  # printable and sendable
    there = {os.fsencode(path.stem).decode("utf-8", "replace") for path in tmp_path.glob("*.h5")}
    assert there - {""} <= listed | {".h5"}, "the list is complete"
    assert all(info.error for info in infos if info.state == "broken")
    with started("--sessions", tmp_path) as (_, _, lines):
        assert f"{len(infos)} in" in "".join(lines)
    app = create_app(tmp_path)
    page, plain = lines_of_the_page(app), [info.id for info in infos if info.id.replace("-", "").isalnum()]
    assert sum(session_id in page for session_id in plain) >= min(len(plain), 150), "the page shows 200 lines at most"
    client = app.server.test_client()
    for info in infos:
        for what in ("meta", "tokens", "frames?start=0&stop=9", "series", "saliency?step=2"):
            answer = client.get(f"/sessions/{info.id}/{what}")
            assert answer.status_code < 500, (info, what, answer.data[:300])
    for options in ([], ["--json"]):
        done = CliRunner().invoke(command_line, ["ls", "--sessions", str(tmp_path), *options])
        assert done.exit_code == 0, done.exception
        assert "good" in done.output
    assert client.get("/sessions/good/meta").json["num_steps"] == 5
    for info in infos:
        if info.state != "broken" or info.id == "good":
            continue
        with contextlib.suppress(MriError):  # a folder that is named like a file, say
            Library(tmp_path).delete(info.id)
    assert "good" in {info.id for info in Library(tmp_path).list()}
    for path in tmp_path.iterdir():  # for pytest's own tidying
        if stat.S_ISDIR(path.lstat().st_mode):
            path.chmod(0o755)


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_file_put_into_the_folder_is_not_read(tmp_path: Path, kind: str) -> None:
    """What naive reading follows, inflates or believes is found before it is read, or by its checksums."""
    path = write_handmade_session(tmp_path)
    make, _ = KINDS[kind]
    make(path)

    def read() -> None:
        reader = Library(tmp_path).open("handmade")
        assert b"secret" not in b"".join(reader.token_bytes.values())
        reader.verify()

    with pytest.raises(MriError) as refusal:
        read()
    assert "\n" not in str(refusal.value)
