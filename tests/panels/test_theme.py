"""The scales obey the screen's rules: lightness, colour-vision deficiencies, one definition for both languages."""

import numpy as np
import plotly.graph_objects as go
import pytest

from mri.panels import theme

T = np.linspace(0, 1, 257)

# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def rgb_of(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def linear_rgb(rgb):
    rgb = np.asarray(rgb) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lightness(linear):
    """CIE L* of linear sRGB."""
    y = np.clip(linear, 0, 1) @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


def test_every_scale_runs_from_0_to_1_in_six_digit_colours():
    for name, stops in theme.scales().items():
        if name in ("groups", "marks", "watched"):
            continue
        places = [t for t, _ in stops]
        assert places[0] == 0
        assert places[-1] == 1
        assert places == sorted(set(places)), name
        assert all(len(colour) == 7 and int(colour[1:], 16) >= 0 for _, colour in stops)


def test_temperature_gets_lighter_up_to_white_and_then_stays_light():
    light = lightness(linear_rgb(theme.colours("temperature", T)))
    white = int(light.argmax())
    assert light[white] == pytest.approx(100, abs=0.5)
    assert (np.diff(light[: white + 1]) > 0).all()
    assert light[white:].min() >= 60


def test_temperature_is_blue_white_yellow_red():
    rgb = theme.colours("temperature", [0.2, 0.55, 0.68, 1.0])
    assert rgb[0].argmax() == 2
    assert rgb[1] == pytest.approx([255, 255, 255])
    assert rgb[2][2] < 128 < min(rgb[2][:2])
    assert rgb[3].argmax() == 0
    assert rgb[3][1] < 128


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_temperature_survives_colour_vision_deficiencies(deficiency):
    seen = linear_rgb(theme.colours("temperature", T)) @ np.array(DEFICIENCIES[deficiency]).T
    light = lightness(seen)
    white = int(light.argmax())
    assert (np.diff(light[: white + 1]) > -0.05).all(), "below white, lightness alone orders magnitudes"
    assert light[white:].min() >= 50, "strong ones stay bright; there the dot's size orders them"


def test_attention_gets_lighter_all_the_way():
    assert (np.diff(lightness(linear_rgb(theme.colours("attention", T)))) > 0).all()


def test_signed_is_blue_below_red_above_and_darkest_in_the_middle():
    rgb = theme.colours("signed", [0.0, 0.5, 1.0])
    assert rgb[0].argmax() == 2
    assert rgb[2].argmax() == 0
    assert lightness(linear_rgb(rgb)).argmin() == 1


@pytest.mark.parametrize("name", ["dark", "light"])
def test_plotly_accepts_every_scale_and_theme(name):
    for scale in ("temperature", "signed", "attention", "comparison"):
        heatmap = go.Heatmap(z=[[1, 2]], colorscale=theme.colourscale(scale, name))
        go.Figure(heatmap, layout={"template": theme.template(name)})


def test_text_has_contrast_on_its_panel():
    for name, c in theme.THEMES.items():
        rgb = {key: rgb_of(c[key]) for key in ("panel", "text", "muted", "accent", "side_a", "side_b")}
        y = {key: linear_rgb(value) @ np.array([0.2126, 0.7152, 0.0722]) for key, value in rgb.items()}
        for key in ("text", "muted", "accent", "side_a", "side_b"):
            ratio = (max(y[key], y["panel"]) + 0.05) / (min(y[key], y["panel"]) + 0.05)
            assert ratio >= 4.5, f"{key} on panel in the {name} theme: {ratio:.2f}"


@pytest.mark.parametrize("name", ["dark", "light"])
def test_watched_lines_have_contrast_and_differ(name):
    colours = theme.scales()["watched"][name]
    assert len(set(colours)) == 6
    ground = linear_rgb(rgb_of(theme.THEMES[name]["panel"])) @ np.array([0.2126, 0.7152, 0.0722])
    for colour in colours:
        y = linear_rgb(rgb_of(colour)) @ np.array([0.2126, 0.7152, 0.0722])
        assert (max(y, ground) + 0.05) / (min(y, ground) + 0.05) >= 3, colour


def test_words_that_look_like_numbers_stay_words():
    assert theme.template("dark").layout.autotypenumbers == "strict"  # "5 ," made an axis of tokens one of numbers
