"""Which files and colours of a customer's pages cannot be used, one sentence per error."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.files import is_within
from toolkit.folder.in_folder import named_file
from toolkit.page.contrast_errors import contrast_errors
from toolkit.page.markdown_page import markdown_page
from toolkit.page.picture import picture
from toolkit.shapes import Settings

# Setting -> most bytes and most pixels of its picture. The logo stands inside a page that has 30 kB as a whole.
PICTURES = {
    "jitsi_logo_file": (12000, 2000),
    "jitsi_pictures.favicon": (50000, 1024),
    "jitsi_pictures.background": (1000000, 4096),
    "jitsi_pictures.lobby": (1000000, 4096),
}


def whole(chosen: object, offered: Mapping[str, Any]) -> object:
    """Return the colours with the default in place of those left out; what is no mapping as it is."""
    if not isinstance(chosen, dict):
        return chosen
    return {**offered} | {key: whole(value, offered.get(key, {})) for key, value in chosen.items()}


def button_errors(settings: Settings) -> list[str]:
    """Return the error of a button whose white letters cannot be read on it."""
    colors = settings.get("jitsi_meeting_colors")
    accent = colors.get("accent") if isinstance(colors, dict) else None
    unreadable = contrast_errors({"": {"background": accent, "text": "#ffffff"}}, "")
    return (
        [f"jitsi_meeting_colors.accent is {accent}: choose a darker one, for white letters (4.5)."]
        if unreadable
        else []
    )


def text_errors(settings: Settings, folder: str) -> list[str]:
    """Return the errors of the texts that people agree to."""
    texts = settings.get("jitsi_consent_texts")
    texts = texts if isinstance(texts, dict) else {}
    errors = []
    for language, chosen in texts.items():
        if not (file := named_file(chosen, folder)):
            continue
        # Everybody reads the page: no file of the operator's or of another customer's.
        if is_within(Path(file), Path(folder)):
            found = markdown_page(file)["errors"]
        else:
            found = [f"{file} is outside the customer's folder: put the text into the folder."]
        errors += [f"jitsi_consent_texts.{language}: {error}" for error in found]
    language = settings.get("jitsi_language")
    if texts and isinstance(language, str) and language not in texts:
        errors.append(
            f"jitsi_consent_texts has no {language}, which jitsi_language is: write a text in it, or another language."
        )
    return errors


def picture_errors(settings: Settings, folder: str) -> list[str]:
    """Return the errors of the pictures."""
    errors = []
    for name, (largest, widest) in PICTURES.items():
        setting, _, key = name.partition(".")
        chosen = settings.get(setting)
        chosen = chosen.get(key) if key and isinstance(chosen, dict) else chosen
        if file := named_file(chosen, folder):
            errors += [f"{name}: {error}" for error in picture(file, largest, widest)["errors"]]
    return errors


def page_errors(settings: Settings, folder: str, defaults: Settings) -> list[str]:
    """Return the errors of the chosen files and colours; the defaults hold for colours that are left out."""
    colors = whole(settings.get("jitsi_page_colors"), defaults["jitsi_page_colors"])
    return [
        *text_errors(settings, folder),
        *picture_errors(settings, folder),
        *contrast_errors(colors, "jitsi_page_colors"),
        *button_errors(settings),
    ]
