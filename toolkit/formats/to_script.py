"""Data as an expression of JavaScript, in a file or between <script> and </script> of a page."""

import json
from collections.abc import Iterable
from typing import Any

# What would end the script, open a comment or be a command to nginx's SSI.
ESCAPES = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&"})


def _escaped(value: Any, **form: Any) -> str:
    # Beyond ASCII by number: so are the two line breaks that JSON's texts may have and older scripts' may not.
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, **form)
    text.encode()
    return text.translate(ESCAPES)


def to_script(value: Any, commands: Iterable[str] = ()) -> str:
    """Return the data as an expression.

    commands: commands to nginx's SSI that texts in the data have; they stay as they are.
    Raises ValueError for numbers that are none, TypeError for what JSON has no form for.
    """
    text = _escaped(value, indent=4)
    for command in commands:
        text = text.replace(_escaped(command)[1:-1], command)
    return text
