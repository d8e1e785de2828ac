"""An address opens what it opened when it was copied; what a person sets stands in it, in Back, and on the page."""

import pytest
from playwright.sync_api import expect

from tests.browser.scanner_page import colour, open_scanner, shown, unfold, until, view
from tests.true_sessions import write_one_of_each

LINKS = {
    "/?session=demo-long": {"session": "demo-long", "tab": "neurons", "layer": 1, "head": 0, "picture": None},
    "/?session=demo-long&step=5": {"step": 5, "point": "block.1.resid_post", "loop": None},
    "/?session=demo-long&step=9&tab=attention&layer=0&head=1": {"step": 9, "tab": "attention", "layer": 0, "head": 1},
    "/?session=demo-long&step=1&point=block.1.mlp_act&neuron=6&watched=block.1.mlp_act:6&picture=flat": {
        "point": "block.1.mlp_act",
        "neuron": 6,
        "watched": ["block.1.mlp_act:6"],
        "picture": "flat",
    },
    "/?session=demo-long&step=9&loop=3-12": {"step": 9, "loop": "3-12"},
    "/?session=demo-long&step=9&tab=predictions&influence=attention": {"tab": "predictions", "influence": "attention"},
    "/?session=demo-long&step=2&groups=kmeans:4:point:session:0:block.1.mlp_act": {
        "groups": "kmeans:4:point:session:0:block.1.mlp_act"
    },
    "/?session=demo-long&step=9999&point=block.77.nothing&neuron=99999&tab=no": {
        "step": 19,
        "point": "block.1.resid_post",
        "tab": "neurons",
    },
    "/compare?a=one&b=two&align=mapping&step=3&point=block.1.mlp_out&by=cosine": {
        "a": "one",
        "b": "two",
        "align": "mapping",
        "step": 3,
        "point": "block.1.mlp_out",
        "by": "cosine",
    },
    "/compare?a=one&b=two": {"align": "mapping", "by": "difference", "layer": 1},
    "/learn?lesson=2-mlp&moment=5&session=lesson-xor&step=77&point=mlp_pre&neuron=3": {
        "lesson": "2-mlp",
        "moment": 5,
        "step": 77,
        "point": "mlp_pre",
        "neuron": 3,
    },
    "/learn?lesson=4-attention&moment=1": {"lesson": "4-attention", "moment": 1},
}
"""Address -> fields of the view that it opens."""

SET = (
    "/?session=demo-long&step=5&tab=statistics&sign=1&single=1&numbers=1&flow=mlp&camera=0.5,0.6,2&stat=p99"
    "&filter=mlp&sort=l2&scale=own"
)
PRESSED = "[...document.querySelectorAll('.mri-tools [aria-pressed=true]')].map((each) => each.textContent).join()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_one_of_each(folder)
    return folder


@pytest.mark.parametrize("address", LINKS)
def test_an_old_link_opens_the_same_view(page, address):
    page.emulate_media(reduced_motion="reduce")
    page.goto(address)
    until(page, "window.mri?.desk && window.mri.timings.draw.length > 0")
    if "/learn" in address:
        page.locator(".learn[data-ready]").wait_for()
    wanted = LINKS[address]
    until(page, lambda: {name: value for name, value in view(page).items() if name in wanted} == wanted)
    if "loop" in wanted:
        assert page.evaluate("window.mri.player.loop?.join('-') ?? null") == wanted["loop"]
    if "step" in wanted:
        assert page.evaluate("window.mri.player.step") == wanted["step"]


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("point=block.1.mlp_out&tab=neuron&neuron=3", {"point": "block.1.mlp_out", "neuron": "3"}),
        (
            "point=block.1.mlp_out&span=blocks&method=ward&groups=4&seed=7",
            {"method": "ward", "groups": "4", "seed": "7"},
        ),
    ],
)
def test_an_old_link_to_neurons_opens_the_same_question(page, search, wanted):
    page.goto(f"/neurons?session=one&{search}")
    for name, value in wanted.items():
        expect(page.locator(f"#neurons-{name}")).to_have_value(value)
    asked = sorted(f"session=one&{search}".split("&"))
    assert sorted(page.url.split("?")[1].split("&")) == asked


def test_all_that_was_set_is_on_the_page_that_a_link_opens(page):
    open_scanner(page, SET)
    assert page.evaluate(PRESSED) == "tower,one plate,statistics"
    expect(page.get_by_label("What the colour of a dot says")).to_have_value("sign")
    expect(page.get_by_label("What the particles carry")).to_have_value("mlp")
    expect(page.get_by_label("Filter hook points")).to_have_value("mlp")
    expect(page.get_by_label("Order of the hook points")).to_have_value("l2")
    expect(page.get_by_label("Scale of the bars")).to_have_value("own")
    assert page.evaluate("[...document.querySelectorAll('.mri-row')].every((row) => row.dataset.key.includes('mlp'))")
    assert page.evaluate("Object.values(window.mri.stage.tower.orbit)") == [0.5, 0.6, 2]
    shown(page, "graph-map")
    expect(page.locator("#mri-stat")).to_have_value("p99")
    expect(page.locator("#graph-map-title")).to_contain_text("p99")
    page.goto("/?session=demo-long&step=5&tab=attention&heads=distance&overlay=1")
    shown(page, "graph-heads")
    expect(page.locator("#mri-heads-by")).to_have_value("distance")
    expect(page.locator("#mri-heads button").first).to_have_attribute("aria-pressed", "true")
    page.goto("/?session=demo-long&step=5&tab=predictions&temperature=0.5")
    shown(page, "graph-predictions")
    expect(page.locator("#mri-temperature")).to_have_value("0.5")


def test_what_is_set_is_in_the_address_and_back_takes_it_back(page):
    open_scanner(page, "/?session=demo-long&step=5&point=block.1.mlp_act&neuron=3&layer=1&head=0&tab=statistics")
    start = page.url
    shown(page, "graph-map")
    for act, said in (
        (lambda: colour(page, "sign"), "sign=1"),
        (lambda: page.get_by_role("button", name="one plate").click(), "single=1"),
        (lambda: page.get_by_role("button", name="statistics", exact=True).click(), "numbers=1"),
        (lambda: page.get_by_label("What the particles carry").select_option("tokens"), "flow=tokens"),
        (lambda: page.locator("#mri-stat").select_option("std"), "stat=std"),
    ):
        act()
        until(page, lambda said=said: said in page.url)
    unfold(page)
    page.get_by_label("Filter hook points").fill("mlp")
    until(page, lambda: "filter=mlp" in page.url)
    box = page.locator("#mri-stage .mri-view").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 90, steps=6)
    page.mouse.up()
    until(page, lambda: "camera=" in page.url)
    for gone in ("stat", "flow", "numbers", "single", "sign"):
        page.go_back()
        until(page, lambda gone=gone: f"{gone}=" not in page.url)
    until(page, f"({PRESSED}) === 'tower'")
    expect(page.locator("#mri-stat")).to_have_value("l2")
    expect(page.get_by_label("Filter hook points")).to_have_value("")
    until(page, "window.mri.desk.view.camera === null")
    assert sorted(page.url.split("&")) == sorted(start.split("&"))
    page.go_forward()
    expect(page.get_by_label("What the colour of a dot says")).to_have_value("sign")
