"""Documentation is held to the code: what exists is written down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mri.format.config import TraceConfig
from mri.format.hook_points import BLOCK, EMBED, FINAL, STATS
from mri.format.layout import PAYLOADS
from mri.format.presets import PRESETS
from mri.store.library import Library
from mri.web import server

ROOT = Path(__file__).parents[1]
DOCS = {path.name: path.read_text("utf-8") for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]}


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [(p, k) for p, kinds in (("embed", EMBED), ("block.{i}", BLOCK), ("final", FINAL)) for k in kinds],
)
def test_every_hook_point_has_its_line(prefix: str, kind: object) -> None:
    line = next(line for line in DOCS["hook-points.md"].splitlines() if line.startswith(f"| `{prefix}.{kind.name}` "))  # type: ignore[attr-defined]
    for fact in (kind.layer_type, kind.width, kind.read_at, kind.meaning, kind.unit):  # type: ignore[attr-defined]
        assert fact in line


def test_every_setting_statistic_preset_and_payload_is_documented() -> None:
    text = DOCS["hook-points.md"]
    fields = set(TraceConfig.__dataclass_fields__) - {"prefill", "topk", "edu", "sample_seed"}
    for name in [*fields, *STATS, *PRESETS]:
        assert f"`{name}`" in text, name
    for name in ("prefill=", "`edu`", "top-k", "seeded"):
        assert name in text
    order = [
        text.index(words)
        for words in ("attention matrices", "attention rows, full", "full\nvalues", "samples, prefill")
    ]
    assert order == sorted(order)
    assert len(PAYLOADS) == 10


def test_every_route_is_documented(tmp_path: Path) -> None:
    app = server.create_app(tmp_path)
    routes = set(server.our_rules(app.server))
    assert {"/live/<session_id>", "/lessons/words/<word>", "/import", "/models"} <= routes
    text = " ".join(DOCS.values())
    for route in routes:
        named = (
            re.sub(r"<[^>]*?(\w+)>", r"<\1>", route)
            .replace("session_id", "id")
            .replace("lesson_id", "lesson")
            .replace("model_id", "id")
            .replace("check_id", "id")
        )
        assert named in text, route


def test_links_between_documents_lead_somewhere() -> None:
    for name, text in DOCS.items():
        base = ROOT if name == "README.md" else ROOT / "docs"
        for target in re.findall(r"\]\((?!https?:|glow:|#)([^)#]+)", text):
            assert (base / target).exists(), f"{name} links to {target}"


def test_the_readme_ci_and_make_name_one_test_command() -> None:
    command = "check test"
    assert f"\nmake {command}\n" in DOCS["README.md"]
    assert f" {command}\n" in (ROOT / ".ci/run").read_text("utf-8")
    make = (ROOT / "Makefile").read_text("utf-8")
    check, test = (re.search(rf"^{target}:.*\n((?:\t.*\n)+)", make, re.MULTILINE) for target in command.split())
    assert check
    assert re.findall(r"-m (\w+)", check[1]) == ["ruff", "ruff", "mypy", "pytest"]
    assert "pytest -q tests/test_layers.py tests/web/test_types.py\n" in check[1]
    assert test
    assert "pytest -n auto" in test[1]


README_SNIPPETS = re.findall(r"```python\n(.*?)```", DOCS["README.md"], re.DOTALL)


@pytest.mark.parametrize("snippet", README_SNIPPETS, ids=range(len(README_SNIPPETS)))
def test_the_readmes_python_runs_as_it_stands(snippet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("mri.api", "mri.capture.modules"):
        monkeypatch.setattr(f"{module}.SESSIONS", tmp_path / "sessions")
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, "README.md", "exec"), {})
    (info,) = Library(tmp_path / "sessions").list()
    assert (info.state, info.num_steps) in (("finished", 72), ("finished", 100))


@pytest.mark.parametrize("page", ["comparison.md", "neurons.md", "saliency.md", "edits.md"])
def test_a_pages_python_runs_as_it_stands(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mri.api.SESSIONS", tmp_path)
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", DOCS[page], re.DOTALL)
    assert snippets
    names: dict[str, object] = {}
    for snippet in snippets:
        exec(compile(snippet, page, "exec"), names)
    if page == "comparison.md":
        assert names["at_least"] <= names["score"] <= names["at_most"] <= 1  # type: ignore[operator]
        assert names["score"] > 0.8  # type: ignore[operator]
    elif page == "edits.md":
        assert names["fork"].session.response == " blue, blue, blue, blue, blue, blue, blue,"  # type: ignore[attr-defined]
        assert (names["control"].attrs["parted"], names["control"].attrs["draws"]) == (0, 20)  # type: ignore[attr-defined]
    elif page == "neurons.md":
        assert names["companions"].rising  # type: ignore[attr-defined]
    else:
        assert 0 < names["mass"].most_off < 0.002  # type: ignore[attr-defined]
