"""Where files are that a customer names relative to the own folder."""

import os
from typing import overload

from toolkit.forms import path


def named_file(value: object, folder: str) -> str:
    """Return where the file is that a setting names; nothing for what is no path, which setting_errors tells."""
    if not isinstance(value, str) or value == "" or not value.isprintable():
        return ""
    try:
        path(value)
    except ValueError:
        return ""
    return local_path(value, folder)


def local_path(value: str, folder: str) -> str:
    """Return where the file is on this machine: below folder where the path is relative, ~ as the operator's home."""
    return os.path.expanduser(in_folder(value, folder))


@overload
def in_folder(value: str, folder: str) -> str: ...
@overload
def in_folder(value: dict[str, str], folder: str) -> dict[str, str]: ...
def in_folder(value: str | dict[str, str], folder: str) -> str | dict[str, str]:
    """Return the path, or the mapping's paths, below folder where they are relative."""
    if isinstance(value, dict):
        return {key: in_folder(each, folder) for key, each in value.items()}
    if value == "":
        return ""
    # A folder that is left again need not be there yet: the state folder comes with the first run.
    return os.path.normpath(value if value.startswith(("/", "~")) else f"{folder}/{value}")
