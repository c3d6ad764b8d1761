"""Filter page_faults: which files and colours of a customer's pages cannot be used, one sentence per fault."""

import os
import sys
from pathlib import Path

from ansible.plugins.loader import filter_loader

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.files import is_within

DOCUMENTATION = r"""
name: page_faults
short_description: List what is wrong with the texts, pictures and colours chosen for the pages
description:
  - Reads the chosen files on the controller, with P(markdown_page#filter) and P(picture#filter), and compares colours
    with P(contrast_faults#filter).
  - Says nothing about a choice that is missing or of a wrong type; P(contract_faults#filter) does.
positional: _input, folder, offer
options:
  _input:
    description: The choices, name to value.
    type: dict
    required: true
  folder:
    description: The customer's folder, where relative paths are looked for.
    type: path
    required: true
  offer:
    description: The defaults, which hold for colours that are left out.
    type: dict
    required: true
"""

EXAMPLES = r"""
faults: "{{ choices | page_faults(inventory_dir, offered_colors) }}"
"""

RETURN = r"""
_value:
  description: One sentence per fault, each naming the choice; empty when there is none.
  type: list
  elements: str
"""

# Choice -> most bytes and most pixels of its picture. The logo stands inside a page that has 30 kB as a whole.
PICTURES = {
    "jitsi_logo_file": (12000, 2000),
    "jitsi_pictures.favicon": (50000, 1024),
    "jitsi_pictures.background": (1000000, 4096),
    "jitsi_pictures.lobby": (1000000, 4096),
}


def whole(chosen: object, offered: dict) -> object:
    """Return the colours with the offer's in place of those left out; what is no mapping as it is."""
    if not isinstance(chosen, dict):
        return chosen
    return offered | {key: whole(value, offered.get(key, {})) for key, value in chosen.items()}


def button_faults(choices) -> list[str]:
    """Return the fault of a button whose white letters cannot be read on it."""
    colors = choices.get("jitsi_meeting_colors")
    accent = colors.get("accent") if isinstance(colors, dict) else None
    contrast_faults = filter_loader.get("contrast_faults").j2_function
    unreadable = contrast_faults({"": {"background": accent, "text": "#ffffff"}}, "")
    return (
        [f"jitsi_meeting_colors.accent is {accent}: choose a darker one, for white letters (4.5)."]
        if unreadable
        else []
    )


def page_faults(choices, folder: str, offer: dict) -> list[str]:
    """Return the faults of the chosen files and colours."""
    markdown_page, picture, contrast_faults, in_folder = (
        filter_loader.get(name).j2_function for name in ("markdown_page", "picture", "contrast_faults", "in_folder")
    )

    def is_file(value: object) -> bool:
        return isinstance(value, str) and value != "" and value.isprintable()

    def path(file: str) -> str:
        return os.path.expanduser(in_folder(file, folder))

    def text_faults(file: str) -> list[str]:
        # Everybody reads the page: no file of the operator's or of another customer's.
        if not is_within(Path(file), Path(folder)):
            return [f"{file} is outside the customer's folder: put the text into the folder."]
        return markdown_page(file)["faults"]

    texts = choices.get("jitsi_consent_texts")
    texts = texts if isinstance(texts, dict) else {}
    faults = [
        f"jitsi_consent_texts.{language}: {fault}"
        for language, file in texts.items()
        if is_file(file)
        for fault in text_faults(path(file))
    ]
    language = choices.get("jitsi_language")
    if texts and isinstance(language, str) and language not in texts:
        faults.append(
            f"jitsi_consent_texts has no {language}, which jitsi_language is: write a text in it, or another language."
        )
    for name, (largest, widest) in PICTURES.items():
        choice, _, key = name.partition(".")
        file = choices.get(choice)
        file = file.get(key) if key and isinstance(file, dict) else file
        if is_file(file):
            faults += [f"{name}: {fault}" for fault in picture(path(file), largest, widest)["faults"]]
    colors = whole(choices.get("jitsi_page_colors"), offer["jitsi_page_colors"])
    return faults + contrast_faults(colors, "jitsi_page_colors") + button_faults(choices)


class FilterModule:
    """Makes page_faults known to Ansible."""

    def filters(self):
        return {"page_faults": page_faults}
