import pytest

from toolkit.page.contrast_errors import contrast, contrast_errors
from toolkit.settings.schema import defaults

DEFAULTS = defaults()["jitsi_page_colors"]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.478), ("#0000FF", "#ffff00", 8.0), ("#abcdef", "#abcdef", 1)],
)
def test_contrast_is_that_of_the_standard(one, other, ratio):
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


def test_finds_nothing_in_the_offer():
    assert contrast_errors(DEFAULTS, "colors") == []


def test_names_each_pair_that_cannot_be_read():
    light = {"background": "#ffffff", "text": "#777777", "accent": "#ffff00"}
    text, accent = contrast_errors({"light": light, "dark": DEFAULTS["dark"]}, "colors")
    assert text == "colors.light.text is #777777 on #ffffff, a contrast of 4.47: choose colours with 4.5 or more."
    assert "colors.light.accent is #ffff00 on #ffffff, a contrast of 1.07" in accent


@pytest.mark.parametrize("schemes", [None, "x", {"light": None}, {"light": {"text": 1, "background": "red"}}, {}])
def test_leaves_what_is_no_colour_to_the_contract(schemes):
    assert contrast_errors(schemes, "colors") == []
