"""Filter page_errors: which files and colours of a customer's pages cannot be used, one sentence per error."""

import os
import sys
from pathlib import Path

from ansible.plugins.loader import filter_loader

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.files import is_within

DOCUMENTATION = r"""
name: page_errors
short_description: List what is wrong with the texts, pictures and colours chosen for the pages
description:
  - Reads the chosen files on the controller, with P(markdown_page#filter) and P(picture#filter), and compares colours
    with P(contrast_errors#filter).
  - Says nothing about a setting that is missing or of a wrong type; P(setting_errors#filter) does.
positional: _input, folder, defaults
options:
  _input:
    description: The settings, name to value.
    type: dict
    required: true
  folder:
    description: The customer's folder, where relative paths are looked for.
    type: path
    required: true
  defaults:
    description: The defaults, which hold for colours that are left out.
    type: dict
    required: true
"""

EXAMPLES = r"""
errors: "{{ settings | page_errors(inventory_dir, default_colors) }}"
"""

RETURN = r"""
_value:
  description: One sentence per error, each naming the setting; empty when there is none.
  type: list
  elements: str
"""

# Setting -> most bytes and most pixels of its picture. The logo stands inside a page that has 30 kB as a whole.
PICTURES = {
    "jitsi_logo_file": (12000, 2000),
    "jitsi_pictures.favicon": (50000, 1024),
    "jitsi_pictures.background": (1000000, 4096),
    "jitsi_pictures.lobby": (1000000, 4096),
}


def whole(chosen: object, offered: dict) -> object:
    """Return the colours with the default in place of those left out; what is no mapping as it is."""
    if not isinstance(chosen, dict):
        return chosen
    return offered | {key: whole(value, offered.get(key, {})) for key, value in chosen.items()}


def button_errors(settings) -> list[str]:
    """Return the error of a button whose white letters cannot be read on it."""
    colors = settings.get("jitsi_meeting_colors")
    accent = colors.get("accent") if isinstance(colors, dict) else None
    contrast_errors = filter_loader.get("contrast_errors").j2_function
    unreadable = contrast_errors({"": {"background": accent, "text": "#ffffff"}}, "")
    return (
        [f"jitsi_meeting_colors.accent is {accent}: choose a darker one, for white letters (4.5)."]
        if unreadable
        else []
    )


def page_errors(settings, folder: str, defaults: dict) -> list[str]:
    """Return the errors of the chosen files and colours."""
    markdown_page, picture, contrast_errors, in_folder = (
        filter_loader.get(name).j2_function for name in ("markdown_page", "picture", "contrast_errors", "in_folder")
    )

    def is_file(value: object) -> bool:
        return isinstance(value, str) and value != "" and value.isprintable()

    def path(file: str) -> str:
        return os.path.expanduser(in_folder(file, folder))

    def text_errors(file: str) -> list[str]:
        # Everybody reads the page: no file of the operator's or of another customer's.
        if not is_within(Path(file), Path(folder)):
            return [f"{file} is outside the customer's folder: put the text into the folder."]
        return markdown_page(file)["errors"]

    texts = settings.get("jitsi_consent_texts")
    texts = texts if isinstance(texts, dict) else {}
    errors = [
        f"jitsi_consent_texts.{language}: {error}"
        for language, file in texts.items()
        if is_file(file)
        for error in text_errors(path(file))
    ]
    language = settings.get("jitsi_language")
    if texts and isinstance(language, str) and language not in texts:
        errors.append(
            f"jitsi_consent_texts has no {language}, which jitsi_language is: write a text in it, or another language."
        )
    for name, (largest, widest) in PICTURES.items():
        setting, _, key = name.partition(".")
        file = settings.get(setting)
        file = file.get(key) if key and isinstance(file, dict) else file
        if is_file(file):
            errors += [f"{name}: {error}" for error in picture(path(file), largest, widest)["errors"]]
    colors = whole(settings.get("jitsi_page_colors"), defaults["jitsi_page_colors"])
    return errors + contrast_errors(colors, "jitsi_page_colors") + button_errors(settings)


class FilterModule:
    """Makes page_errors known to Ansible."""

    def filters(self):
        return {"page_errors": page_errors}
