"""Settings of the login service, read from JSON."""

import dataclasses
import json
from pathlib import Path
from typing import Any

HOUR, DAY = 3600, 24 * 3600


@dataclasses.dataclass(frozen=True)
class Settings:
    """The fields of the settings file; the argument_specs of role login document them."""

    domain: str
    key: str = dataclasses.field(repr=False)  # signs tokens and forms
    kind: str  # of accounts, see backends
    backend: dict[str, Any] = dataclasses.field(repr=False)
    name: str  # of the service
    language: str
    colors: dict[str, dict[str, str]]  # light, dark: background, text, accent
    logo: str  # a data URL, or empty
    imprint_url: str
    privacy_url: str
    idle_hours: float = 12  # without "stay logged in"
    days: float = 30
    token_seconds: int = 60
    check_seconds: float = 30  # until the back end is asked again whether a person is still there
    login_seconds: float = 8
    check_wait: float = 3  # seconds at most that a page waits for that
    workers: int = 32  # passwords that are checked at the same time
    waiting: int = 500  # logins that wait for their turn
    guesses: int = 5  # wrong passwords of a person, after which ...
    guesses_seconds: float = 600  # ... no more are checked for so long
    known_guesses: int = 3  # the same for a visitor who has logged in as that person before
    known_seconds: float = 14 * DAY  # how long that is remembered, in memory only
    known: int = 10_000  # of how many persons and visitors

    @classmethod
    def read(cls, file: Path) -> "Settings":
        """Read a JSON object of these fields. Raises OSError, ValueError (no JSON, weak key) or TypeError (fields)."""
        settings = cls(**json.loads(file.read_text(encoding="utf-8")))
        if len(settings.key) < 32:
            raise ValueError("the key has less than 32 characters")
        return settings

    @property
    def origin(self) -> str:
        """The page's own origin."""
        return f"https://{self.domain}"
