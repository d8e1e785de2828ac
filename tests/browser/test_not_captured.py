"""A module that did not run in a step is said to be not captured, wherever the Scanner has a number of it."""

import pytest
import torch
from playwright.sync_api import expect
from torch import nn

from mri.capture.modules import Recorder
from tests.browser.scanner_page import open_scanner, shown


class Sometimes(nn.Module):
    """`aux` runs only in the calls that ask for it."""

    def __init__(self):
        super().__init__()
        self.main, self.aux = nn.Linear(2, 6), nn.Linear(2, 6)

    def forward(self, x, aux):
        return self.main(x) + (self.aux(x) if aux else 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    model = Sometimes()
    with Recorder(model, ["main", "aux"], sessions=folder, session_id="demo") as rec:
        for step in range(3):
            model(torch.ones(4, 2), aux=step != 1)
            rec.step(loss=step)
        with pytest.warns(UserWarning, match="No forward pass"):
            rec.step()
    return folder


def test_what_did_not_run_is_not_captured_in_list_tower_and_panels(page):
    open_scanner(page, "/?session=demo&step=1&point=aux&neuron=2&tab=statistics")
    page.locator("#mri-point-numbers dd").first.wait_for()
    assert set(page.locator("#mri-point-numbers dd").all_inner_texts()) == {"—"}
    page.get_by_role("tab", name="Neurons").click()
    expect(page.locator("#graph-neurons")).to_contain_text("Not captured in this step.")
    tower = page.locator(".mri-tower-labels:not([hidden])")
    expect(tower).to_contain_text("not captured")
    expect(tower).to_contain_text("‖x‖")  # of the module that ran
    assert "NaN" not in tower.inner_text()
    page.evaluate("window.mri.player.seek(2)")
    shown(page, "graph-neurons", "plot.data.length === 3")
    expect(tower).not_to_contain_text("not captured")


def test_a_step_without_a_pass_says_that_nothing_was_captured(page):
    open_scanner(page, "/?session=demo&step=3&point=main&neuron=2")
    expect(page.locator(".mri-sentence-line")).to_have_text("Nothing was captured in this step.")
    page.evaluate("window.mri.player.seek(2)")
    expect(page.locator(".mri-sentence-line")).to_contain_text("stands out")
