"""Imports go only downwards, heavy libraries live in one place each, and replay works where torch is not installed."""

import ast
import graphlib
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MRI = ROOT / "mri"

LEVELS = [
    {"format", "arrays", "errors", "paths"},
    {"nanochat", "store"},
    {"capture"},
    {"edit"},
    {"run", "measure"},
    {"explain", "proof"},
    {"study"},
    {"export", "worker"},
    {"making"},
    {"scans"},
    {"panels"},
    {"lessons"},
    {"web"},
]
"""Who is on a line may import from those above; the files of the first line one another, too."""

TOP = {"", "__init__", "__main__", "api", "cli", "commands", "console", "serve"}
"""The package's own face (`import mri`, `python -m mri`, `python app.py`): on top of all, imported by none in mri/."""

ONLY_IN = {
    "torch": {"nanochat", "capture", "edit", "run", "explain", "proof", "worker", "making", "scans"},
    "h5py": {"store"},
    "sklearn": {"study"},
    "scipy": {"measure", "study"},
    "flask": {"web"},
    "pandas": {"export", "api", "scans"},
    "pyarrow": {"export", "scans"},
    "xarray": {"export"},
}


def imports_of(path):
    """Every module that a file imports, anywhere in it: (dotted name, line)."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            if node.module == "mri":
                yield from ((f"mri.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module or "", node.lineno


def part_of(path):
    """`store` of mri/store/writer.py, `wire` of mri/format/wire.py."""
    return path.relative_to(MRI).parts[0].removesuffix(".py")


def level_of(part):
    return next((level for level, parts in enumerate(LEVELS) if part in parts), None)


FILES = sorted(MRI.rglob("*.py"))


def test_there_is_something_to_check():
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downwards(path):
    part = part_of(path)
    if part in TOP:
        return
    level = level_of(part)
    assert level is not None, f"{path} is in no layer: put it in one"
    for name, line in imports_of(path):
        if name.split(".")[0] != "mri":
            continue
        other = f"{name}.".split(".")[1]
        assert other not in TOP, f"{path}:{line} imports the package's face ({name})"
        below = level_of(other)
        assert below is not None, f"{path}:{line} imports {name}, which is in no layer"
        fine = below < level or other == part or level == below == 0
        assert fine, f"{path}:{line} imports {name}, which is not below {part}"


def dotted(path):
    """`mri.store.writer` of mri/store/writer.py, `mri.store` of mri/store/__init__.py."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {dotted(path): path for path in FILES}


def modules_imported(path):
    """Of mri/, anywhere in a file: also inside functions, and only for type checking."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else node.module for name in whole}
    return names & set(MODULES)


def test_no_files_import_one_another_in_a_circle():
    graph = {name: modules_imported(path) for name, path in MODULES.items()}
    assert sum(map(len, graph.values())) > 500
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_a_newcomer_can_take_in_every_folder_and_every_file():
    num_lines = {path: path.read_text("utf-8").count("\n") for path in FILES}
    assert statistics.median(num_lines.values()) <= 130
    assert {path: n for path, n in num_lines.items() if n > 320} == {}
    siblings = Counter(path.parent.relative_to(MRI).as_posix() for path in FILES)
    assert siblings["."] <= 10
    assert {folder: n for folder, n in siblings.items() if n > 16 and folder != "panels"} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_live_in_one_place(path):
    part = part_of(path)
    for name, line in imports_of(path):
        library = name.split(".")[0]
        assert part in ONLY_IN.get(library, {part}), f"{path}:{line} imports {library}"


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda path: path.name)
def test_pages_neither_read_files_nor_run_models(path):
    libraries = {name.split(".")[0] for name, _ in imports_of(path)}
    assert not libraries & {"torch", "h5py", "pandas", "scipy"}


ROOMS = ["core", "run", "desk", "shell", "record", "stage", "simple", "panels", "pages", "learn", "postcard", ""]
"""Of assets/js: a module may import from its own room and from those before it; main.mjs, on top, stands in none."""

SCRIPTS = sorted((ROOT / "assets" / "js").rglob("*.mjs"))
IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")
"""Also in types: what is only named is known, too."""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_import_downwards(path):
    def room(module):
        *rooms, _ = module.relative_to(ROOT / "assets" / "js").parts
        return ROOMS.index(rooms[0] if rooms else "")

    for name in IMPORT.findall(path.read_text("utf-8")):
        other = (path.parent / name).resolve()
        assert other.is_file(), f"{path} imports {name}, which is not there"
        assert room(other) <= room(path), f"{path} imports {name}, which is not below it"


ONLY_IN_SCRIPT = {
    "requestAnimationFrame(": "desk/frames.mjs",
    'document.addEventListener("keydown"': "shell/shell.mjs",
    "localStorage": "desk/storage.mjs",
    "sessionStorage": None,
    "indexedDB": "run/pin.mjs",
    "pushState": "desk/history.mjs",
    "replaceState": "desk/history.mjs",
    "PopStateEvent": "desk/history.mjs",
}
"""What has one owner in the browser, which knows what it may and when."""


@pytest.mark.parametrize("what", ONLY_IN_SCRIPT)
def test_what_has_one_owner_is_used_in_one_script(what):
    texts = {path.relative_to(ROOT / "assets" / "js").as_posix(): path.read_text("utf-8") for path in SCRIPTS}
    assert [name for name, text in texts.items() if what in text] == [each for each in [ONLY_IN_SCRIPT[what]] if each]


BLOCKED = """
import importlib.abc, sys

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError("torch is blocked")

sys.meta_path.insert(0, Block())
"""


def run_without_torch(code, *args):
    command = [sys.executable, "-c", BLOCKED + code, *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_replay_works_where_torch_is_not_installed(tmp_path, handmade_session):
    handmade_session(tmp_path)
    result = run_without_torch(
        """
from pathlib import Path
from mri.web.server import create_app
client = create_app(Path(sys.argv[1])).server.test_client()
from mri.store.library import Library
[info] = Library(Path(sys.argv[1])).list()
for address in ("/", "/sessions", f"/sessions/{info.id}/meta", f"/sessions/{info.id}/tokens",
                f"/sessions/{info.id}/frames?start=0&stop=1"):
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code, answer.data)
print(info.num_steps)
""",
        tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 0


SEARCHES = {"find_checkpoint", "discover"}
DOORS = {"mri/serve.py", "mri/api.py", "mri/nanochat/checkpoint.py", "mri/nanochat/locate.py", "mri/web/models.py"}
DOORS |= {"mri/explain/found.py"}
"""Where a person's words for a model come in (`trace.sweep(model=…)` is one). What they find, a ModelRef, is passed on
and never looked for again."""


@pytest.mark.parametrize("name", sorted(SEARCHES))
def test_a_model_is_looked_for_only_where_a_persons_words_come_in(name):
    files = [*FILES, *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    found = {str(path.relative_to(ROOT)) for path in files if re.search(rf"\b{name}\b", path.read_text("utf-8"))}
    assert found <= DOORS
    assert {"mri/web/models.py", "mri/nanochat/locate.py"} <= found


def test_the_block_blocks():
    assert "torch is blocked" in run_without_torch("import torch").stderr
