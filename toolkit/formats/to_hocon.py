"""Data as HOCON, the language of Jitsi's daemons: its part that JSON is."""

import json
from collections.abc import Mapping
from typing import Any

LONG = 2**63


def _judge(value: Any) -> None:
    """Refuse what Java would read as another value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError("a name in HOCON is a text")
            _judge(key)
            _judge(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _judge(inner)
    elif isinstance(value, str):
        value.encode()  # no halves of characters
    elif isinstance(value, int) and not -LONG <= value < LONG:
        raise ValueError("a whole number in HOCON has 64 bits")


def to_hocon(data: Mapping[str, Any]) -> str:
    """Return the data as a file of HOCON.

    Raises ValueError for what HOCON has no form for, or Java another one.
    """
    _judge(data)
    return json.dumps(data, indent=4, sort_keys=True, ensure_ascii=False, allow_nan=False)
