"""Alerts: each error is sent once to the address in the settings."""

import contextlib
import http.client
import json
import sys
from collections.abc import Set as AbstractSet
from pathlib import Path
from urllib.parse import urlsplit

from .settings import Settings

TIMEOUT = 15  # seconds


class Alerts:
    """Sends errors; which were sent is kept in a file, so that the next round does not repeat them."""

    def __init__(self, settings: Settings) -> None:
        """Read which alerts were sent before."""
        self._settings = settings
        self._file = settings.state / "notified.json"
        self._before = _names_in(self._file)

    def notify(self, errors: dict[str, str], deleted: AbstractSet[str]) -> None:
        """Print all errors (session or unit: message), and send the new ones; those of deleted sessions once more."""
        notified = self._before & errors.keys() - deleted
        for name, message in errors.items():
            print(f"{name}: {message}", file=sys.stderr)
            if name in notified or not self._settings.alert_url:
                continue
            alert = {"host": self._settings.host, "error": message, "recording": name}
            try:
                _post(self._settings.alert_url, alert)
                notified.add(name)
            except (OSError, http.client.HTTPException) as error:
                print(f"the alert could not be sent: {error}", file=sys.stderr)
        if notified != self._before:
            self._write(notified)

    def _write(self, notified: set[str]) -> None:
        new = self._file.with_suffix(".new")
        try:
            new.write_text(json.dumps(sorted(notified)))
            new.replace(self._file)
        except OSError as error:
            print(f"alerts are sent again, because {self._file} cannot be written: {error.strerror}", file=sys.stderr)


def _names_in(file: Path) -> set[str]:
    """Return the names in the file; none where it cannot be read, because twice is better than never."""
    try:
        return {name for name in json.loads(file.read_text()) if isinstance(name, str)}
    except (OSError, ValueError, TypeError, RecursionError):
        return set()


def _post(url: str, content: dict[str, str]) -> None:
    """Send JSON. Raises OSError or HTTPException where that fails, or the answer is not a success."""
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    target = f"{address.path or '/'}{'?' + address.query if address.query else ''}"
    with contextlib.closing(kind(address.hostname or "", address.port, timeout=TIMEOUT)) as connection:
        connection.request("POST", target, json.dumps(content), {"Content-Type": "application/json"})
        status = connection.getresponse().status
    if not 200 <= status < 300:
        raise OSError(f"the server answers with status {status}")
