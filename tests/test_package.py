"""The package: what it needs, what is in it, and that it works where it is installed, in any folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from packaging.requirements import Requirement

from tests.conftest import write_handmade_session

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def requirements(name: str) -> dict[str, Requirement]:
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in (ROOT / name).read_text("utf-8").splitlines())
    found = [Requirement(line) for line in lines if line and not line.startswith("-r ")]
    return {each.name: each for each in found}


def test_the_package_and_the_files_of_requirements_ask_for_the_same() -> None:
    needed = {each.name: each for each in map(Requirement, PROJECT["dependencies"])}
    tested = requirements("requirements.txt")
    [pin] = tested.pop("torch").specifier
    assert pin.operator == "=="
    assert pin.version in needed.pop("torch").specifier, "tests run with one torch of those that are allowed"
    assert tested == needed
    dev = [Requirement(line) for line in PROJECT["optional-dependencies"]["dev"]]
    assert requirements("requirements-dev.txt") == {each.name: each for each in dev}
    assert set(PROJECT["optional-dependencies"]) == {"notebook", "ray", "dev"}


def test_the_lowest_torch_is_the_one_that_make_tries() -> None:
    lowest = min(re.findall(r'"torch>=([\d.]+)', (ROOT / "pyproject.toml").read_text("utf-8")))
    assert f"'torch=={lowest}.*'" in (ROOT / "Makefile").read_text("utf-8")


class Installed:
    """An installation, used by a person of `home` who stands in the empty folder `here`."""

    def __init__(self, python: Path | str, packages: Path, folder: Path, **environment: str) -> None:
        self.python, self.package = str(python), packages / "mri"
        self.home, self.here = folder / "home", folder / "here"
        for each in (self.home, self.here):
            each.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTHON", "MRI_"))}
        self.environment = {**kept, "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1", **environment}

    def run(self, *command: object, status: int = 0) -> str:
        """-> what it printed, or with another `status` what it said on stderr."""
        done = subprocess.run(
            [*map(str, command)], cwd=self.here, env=self.environment, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == status, done.stderr
        return done.stderr if status else done.stdout

    @contextmanager
    def serving(self, *command: object) -> Iterator[str]:
        """-> the address of a server"""
        process = subprocess.Popen(
            [*map(str, command), "--port", "0"], cwd=self.here, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            yield next(found[0] for line in process.stdout if (found := re.search(r"http://\S+:\d+", line)))
        finally:
            process.terminate()
            process.communicate(timeout=60)

    def files(self) -> set[str]:
        return {str(path) for path in self.package.parent.glob("**/*")}


def assert_pages_come(address: str, session_ids: list[str]) -> None:
    for path in ("/", "/sessions", "/learn", "/assets/boot.js", "/lessons/2-mlp.json"):
        assert requests.get(address + path, timeout=120).status_code == 200, path
    assert requests.get(f"{address}/no-such-page", timeout=120).status_code == 404
    for session_id in session_ids:
        assert requests.get(f"{address}/sessions/{session_id}/meta", timeout=120).json()["session"]["id"] == session_id


@pytest.fixture
def copied(tmp_path: Path) -> Installed:
    """As an installation lays the files: pages, assets and data in the package."""
    package = tmp_path / "packages" / "mri"
    shutil.copytree(ROOT / "mri", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pages", "assets"):
        (package / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "data", package / "data", ignore=shutil.ignore_patterns("2026*", ".*"))
    path = f"{package.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    return Installed(sys.executable, package.parent, tmp_path, PYTHONPATH=path)


def test_an_installed_package_has_what_it_shows_and_writes_to_the_persons_own_folders(copied: Installed) -> None:
    before = copied.files()
    paths = "from mri import paths as p; print(p.SESSIONS, p.COMPRESSED, p.SERVE, sep='\\n')"
    sessions, compressed, serve = copied.run(copied.python, "-c", paths).splitlines()
    assert serve == "nanochat-mri"
    assert Path(sessions).is_relative_to(copied.home)
    assert Path(compressed).is_relative_to(copied.home)
    assert not Path(sessions).exists()
    listed = json.loads(copied.run(copied.python, "-m", "mri", "ls", "--json"))
    assert {row["is_bundled"] for row in listed} == {True}
    write_handmade_session(Path(sessions), "mine")
    listed = json.loads(copied.run(copied.python, "-m", "mri", "ls", "--json"))
    assert [row["id"] for row in listed if not row["is_bundled"]] == ["mine"]
    opened = "import mri; print(mri.open_trace('demo-gift').num_steps > 5, mri.open_trace('mine').num_steps)"
    assert copied.run(copied.python, "-c", opened) == "True 5\n"
    with copied.serving(copied.python, "-c", "from mri.serve import run; run()") as address:
        assert_pages_come(address, ["mine", "demo-gift", "lesson-xor"])
        for session_id in ("mine", "demo-gift"):
            copy_python = f"{address}/sessions/{session_id}/python?step=3&point=block.1.mlp_out"
            snippet = requests.get(copy_python, timeout=120).text
            assert (
                copied.run(copied.python, "-c", f"{snippet}\nprint(len(values) > 0, len(stats) > 0)") == "True True\n"
            )
    assert copied.files() == before, "nothing is written beside the code"
    assert [*copied.here.iterdir()] == []


TYPED = re.compile(r"^(?:python -m )?mri (.*?)(?:  +#.*)?$", re.MULTILINE)


def test_every_command_of_the_docs_works_in_any_folder(copied: Installed) -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    blocks = [
        block for page in pages for block in re.findall(r"```(?:sh)?\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]
    typed = [line for block in blocks for line in TYPED.findall(block)]
    lines = [line for line in typed if "…" not in line and "--out" not in line]  # a form; what writes
    assert len(lines) >= 3
    (copied.home / ".cache").mkdir()
    (copied.home / ".cache" / "nanochat").symlink_to(ROOT / "tests" / "golden" / "E5")
    for line in lines:
        copied.run(copied.python, "-m", "mri", *shlex.split(line))
    assert [*copied.here.iterdir()] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without git, from the tracked files, with a recording of somebody's own among them."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, tracked.split("\0")):
        if not name.startswith(("tests/", "docs/")):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    write_handmade_session(tree / "data" / "sessions", "mine")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", out, tree]
    subprocess.run(pip, check=True, timeout=600)
    [built] = out.glob("*.whl")
    return built


@pytest.mark.long
def test_the_wheel_has_what_git_has_and_no_recording_of_ones_own(wheel: Path) -> None:
    listed = subprocess.run([sys.executable, "-m", "zipfile", "-l", wheel], check=True, capture_output=True, text=True)
    found = {line.split()[0] for line in listed.stdout.splitlines()[1:] if ".dist-info/" not in line}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    inside = {name for name in tracked if name.startswith("mri/")}
    beside = {f"mri/{name}" for name in tracked if name.startswith(("assets/", "pages/", "data/"))}
    assert found == inside | beside
    assert "mri/py.typed" in found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an empty environment that borrows the packages of this one, but for those that it lacks."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    packages = Path(subprocess.check_output([python, "-c", WHERE], text=True).strip())
    borrowed = [sysconfig.get_paths()["purelib"], *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    (packages / "borrowed.pth").write_text("\n".join(borrowed))
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True, timeout=600)
    return Installed(python, packages, folder)


WHERE = "import sysconfig; print(sysconfig.get_paths()['purelib'])"

CELL = """
import mri

trace = mri.record("Once there was a girl named Mia.", max_new_tokens=4, temperature=0)
print(trace.session.id, trace.values("block.3.mlp_out", step=2).shape, len(trace.stats()) > 0)
"""


@pytest.mark.long
def test_the_wheel_in_an_empty_environment_records_opens_and_serves_from_an_empty_folder(installed: Installed) -> None:
    commands, before = Path(installed.python).parent, installed.files()
    installed.run(commands / "mri", "record", "Once there was", "--max-new-tokens", 4, "--temperature", 0)
    mine = [row["id"] for row in json.loads(installed.run(commands / "mri", "ls", "--json")) if not row["is_bundled"]]
    assert len(mine) == 1
    installed.run(commands / "mri", "verify", *mine, "demo-gift")
    installed.run(commands / "mri", "export", *mine, "demo-gift", "--what", "tokens", "--out", installed.home / "out")
    session_id, *said = installed.run(installed.python, "-c", CELL).split(" ", 1)
    assert said == ["(256,) True\n"]
    (installed.here / "queue.py").write_text("raise SystemExit('somebody else')")  # as any module of Python's own
    with installed.serving(commands / "nanochat-mri") as address:
        assert_pages_come(address, [*mine, session_id, "demo-gift"])
        body = {"prompt": "Once there was", "max_new_tokens": 2}
        recorded = requests.post(f"{address}/record", json=body, timeout=120).json()["id"]
        while (status := requests.get(f"{address}/record/{recorded}", timeout=120).json())["state"] != "finished":
            assert status["state"] in ("queued", "running"), status
    (installed.here / "queue.py").unlink()
    assert installed.files() == before, "nothing is written beside the code"
    assert [*installed.here.iterdir()] == []
