"""Settings of the conference mapper, read from JSON."""

import dataclasses
import json
from pathlib import Path
from typing import NotRequired, TypedDict


class DialInNumber(TypedDict):
    """A number to call: country such as DE, number as it is shown."""

    country: str
    number: str
    toll_free: NotRequired[bool]


@dataclasses.dataclass(frozen=True)
class Settings:
    """The fields of the settings file; the package's docstring explains the limits."""

    domain: str
    days: int  # until an unused PIN is deleted
    numbers: list[DialInNumber]
    key: str = dataclasses.field(repr=False)  # the bearer token of gateways
    port: int = 8095
    guesses: int = 20
    guesses_seconds: float = 3600
    caller_guesses: int = 6
    caller_seconds: float = 600
    new_pins: int = 60
    new_pins_seconds: float = 60
    max_pins: int = 10_000
    sweep_seconds: float = 600  # between deletions of expired PINs

    @classmethod
    def read(cls, file: Path) -> "Settings":
        """Read a JSON object of these fields. Raises OSError, ValueError (no JSON, empty key) or TypeError (fields)."""
        settings = cls(**json.loads(file.read_text(encoding="utf-8")))
        if not settings.key:
            raise ValueError("the key is empty")
        return settings
