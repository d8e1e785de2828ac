"""Lines and what is said of them."""

from __future__ import annotations

import json
import math

from mri.proof.report import Line, Report, judged, not_judged


def test_a_figure_is_right_within_its_tolerance_and_nan_never() -> None:
    assert judged("a", "b", 1e-4, 1e-4, "why").state == "right"
    assert judged("a", "b", 1e-4, 1e-4, "why").cause == ""
    assert judged("a", "b", 2e-4, 1e-4, lambda: "why").cause == "why"
    assert judged("a", "b", math.nan, 1e-4, "why").state == "wrong"


def test_what_is_not_judged_does_not_make_a_report_wrong() -> None:
    report = Report("m", [not_judged("a", "b", "no tokenizer"), judged("c", "d", 1, 0, "why")])
    assert report.wrong == ["c"]
    assert not report.is_right
    assert Report("m", report.lines[:1]).is_right
    assert report["a"].cause == "no tokenizer"


def test_json_has_no_infinity() -> None:
    report = Report("m", [judged("a", "b", math.inf, 0.1, "why"), Line("c", "d", 0.25, None, "right")])
    one, other = json.loads(json.dumps(report.to_json(), allow_nan=False))["lines"]
    assert (one["figure"], one["found"]) == (None, "inf")
    assert other["figure"] == 0.25


def test_the_verdict_names_what_is_wrong_and_what_was_not_judged() -> None:
    right, wrong = judged("cached", "a and b", 0.0, 1e-4, ""), judged("logits", "a and b", 1.0, 1e-4, "why")
    unknown = not_judged("era", "a and b", "it is nanoGPT")
    assert Report("m", [right], 2.4).verdict == "Every line that can be judged is right. 2 s."
    assert Report("m", [right, unknown], 2.4).verdict == "Every line that can be judged is right. Not judged: era. 2 s."
    assert Report("m", [wrong, unknown, wrong], 2.4).verdict == "Wrong: logits, logits. Not judged: era. 2 s."
