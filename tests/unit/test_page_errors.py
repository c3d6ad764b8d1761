from pathlib import Path

import pytest

from toolkit.page.page_errors import page_errors
from toolkit.settings.schema import defaults

ROOT = Path(__file__).parents[2]
DEFAULTS = defaults()
TEXT = str(ROOT / "roles/consent_gate/files/texts/de.md")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"jitsi_consent_texts": {}, "jitsi_language": "en", "jitsi_logo_file": ""},
        {"jitsi_consent_texts": {"de": TEXT}, "jitsi_language": "de"},
        # wrong types are the contract's business
        {"jitsi_consent_texts": "de.md", "jitsi_logo_file": 1, "jitsi_page_colors": []},
        {"jitsi_consent_texts": {"de": None}, "jitsi_language": "de"},
    ],
)
def test_finds_nothing(settings):
    assert page_errors(settings, str(ROOT), DEFAULTS) == []


def test_names_the_setting_of_each_error():
    settings = {
        "jitsi_consent_texts": {"de": "nowhere.md"},
        "jitsi_language": "en",
        "jitsi_logo_file": TEXT,
        "jitsi_page_colors": {"dark": {"background": "#000000", "text": "#000000"}},
        "jitsi_pictures": {"background": TEXT, "lobby": 1},
        "jitsi_meeting_colors": {"background": "#000000", "accent": "#8ab4f8"},
    }
    text, language, logo, background, colors, button = page_errors(settings, "/srv/acme", DEFAULTS)
    assert text.startswith("jitsi_consent_texts.de: /srv/acme/nowhere.md cannot be read")
    assert language.startswith("jitsi_consent_texts has no en")
    assert logo.startswith(f"jitsi_logo_file: {TEXT} is no picture")
    assert background.startswith(f"jitsi_pictures.background: {TEXT} is no picture")
    assert button == "jitsi_meeting_colors.accent is #8ab4f8: choose a darker one, for white letters (4.5)."
    assert colors.startswith("jitsi_page_colors.dark.text is #000000")


@pytest.mark.parametrize(
    ("name", "largest"),
    [("jitsi_logo_file", 12000), ("jitsi_pictures.favicon", 50000), ("jitsi_pictures.lobby", 1000000)],
)
def test_each_picture_has_its_own_largest_size(tmp_path, name, largest):
    file = tmp_path / "picture.svg"
    setting, _, key = name.partition(".")
    settings = {setting: {key: str(file)} if key else str(file)}
    for size, fits in ((largest, True), (largest + 1, False)):
        svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><!--{}--></svg>'
        file.write_text(svg.format("x" * (size - len(svg) + 2)))
        assert file.stat().st_size == size
        assert (page_errors(settings, "/acme", DEFAULTS) == []) == fits, size


def test_a_colour_is_judged_beside_those_that_were_left_out():
    light = DEFAULTS["jitsi_page_colors"]["light"]
    settings = {"jitsi_page_colors": {"light": {"accent": light["text"]}}}
    assert page_errors(settings, "/acme", DEFAULTS) == []
    (error,) = page_errors({"jitsi_page_colors": {"light": {"text": light["background"]}}}, "/acme", DEFAULTS)
    assert error.startswith(f"jitsi_page_colors.light.text is {light['background']} on {light['background']}")


def test_no_file_from_outside_the_folder_is_published(tmp_path):
    """Nor by a link: whoever writes the settings would have the operator's files on the page."""
    folder, secret = tmp_path / "acme", tmp_path / "clouds.yaml"
    folder.mkdir()
    secret.write_text("# clouds\n\npassword: xyzzy\n")
    (folder / "link.md").symlink_to(secret)
    for file in (str(secret), "../clouds.yaml", "link.md"):
        [error] = page_errors({"jitsi_consent_texts": {"de": file}, "jitsi_language": "de"}, str(folder), DEFAULTS)
        assert error.endswith(" is outside the customer's folder: put the text into the folder.")
