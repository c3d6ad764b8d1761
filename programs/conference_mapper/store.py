"""The PINs on disk: a SQLite database of conference, PIN, hour of the last use, and whether it was ever dialled."""

import contextlib
import logging
import sqlite3
import time
from pathlib import Path

from .errors import RequestRefusedError
from .limits import RateLimit
from .pins import new_pin
from .settings import Settings

HOUR = 3600
SCHEMA = "CREATE TABLE IF NOT EXISTS pins (pin INTEGER PRIMARY KEY, room TEXT NOT NULL UNIQUE, used INTEGER NOT NULL)"
DIALLED = "ALTER TABLE pins ADD COLUMN dialled INTEGER NOT NULL DEFAULT 0"  # databases of the first deployments lack it
INSERT = "INSERT INTO pins (pin, room, used) VALUES (?, ?, ?)"
# One statement, so that no PIN is lost without a successor.
REPLACE = """UPDATE pins SET pin = ?, room = ?, used = ?
             WHERE pin = (SELECT pin FROM pins WHERE NOT dialled ORDER BY used LIMIT 1)"""

log = logging.getLogger(__name__)


def current_hour() -> int:
    """Return the hours since 1970."""
    return int(time.time()) // HOUR


class PinStore:
    """Assigns, finds and deletes PINs. One thread uses it, and no call is interrupted by another."""

    def __init__(self, file: Path, settings: Settings) -> None:
        """Open or create the database and delete expired PINs. Raises sqlite3.Error."""
        self._settings = settings
        self._new_pins = RateLimit(settings.new_pins, settings.new_pins_seconds)
        self._next_warning_at: dict[str, float] = {}
        self._database = sqlite3.connect(file, isolation_level=None, timeout=5)
        # Deleted content is overwritten, and a PIN is on the disk before it is shown.
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(SCHEMA)
        if "dialled" not in {column[1] for column in self._database.execute("PRAGMA table_info(pins)")}:
            self._database.execute(DIALLED)
        self.delete_expired()

    def pin_of(self, room: str) -> int:
        """Return the PIN of a conference, a new one if it has none.

        Raises RequestRefusedError: 429 for too many new PINs at once, 503 when all PINs are assigned and dialled.
        """
        known = self._database.execute("SELECT pin, used, dialled FROM pins WHERE room = ?", (room,)).fetchone()
        if known and known[1] >= self._oldest_valid_hour():
            pin, used, dialled = known
            self._mark_used(pin, used, was_dialled=dialled, dialled=dialled)
            return int(pin)
        wait = self._new_pins.retry_after()
        if wait:
            raise RequestRefusedError(429, "Too many new conferences at once. Please try again in a minute.", wait)
        if known:
            self.delete_expired()
        self._new_pins.record()
        return self._assign(room)

    def room_of(self, pin: int) -> str | None:
        """Return the conference of a PIN and mark the PIN as dialled; None for an unknown or expired one."""
        known = self._database.execute("SELECT room, used, dialled FROM pins WHERE pin = ?", (pin,)).fetchone()
        if not known or known[1] < self._oldest_valid_hour():
            return None
        room, used, was_dialled = known
        self._mark_used(pin, used, was_dialled=was_dialled, dialled=1)
        return str(room)

    def delete_expired(self) -> None:
        """Delete expired PINs, in the file and in its journal. Raises sqlite3.Error.

        A use in the future (the clock was ahead) becomes one of now, or that PIN would live for longer.
        """
        now = current_hour()
        self._database.execute("UPDATE pins SET used = ? WHERE used > ?", (now, now))
        if self._database.execute("DELETE FROM pins WHERE used < ?", (self._oldest_valid_hour(),)).rowcount:
            self._database.execute("VACUUM")
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _oldest_valid_hour(self) -> int:
        return current_hour() - self._settings.days * 24 + 1

    def _assign(self, room: str) -> int:
        full = self._database.execute("SELECT count(*) FROM pins").fetchone()[0] >= self._settings.max_pins
        while True:
            pin = new_pin()
            with contextlib.suppress(sqlite3.IntegrityError):  # once in 3,900 times when all PINs are assigned
                row = (pin, room, current_hour())
                written = self._database.execute(REPLACE if full else INSERT, row).rowcount
                if full:
                    self._warn("each new one replaces one that was never dialled" if written else "no new one is given")
                if not written:
                    raise RequestRefusedError(503, "All PINs are given away.", HOUR)
                return pin

    def _warn(self, consequence: str) -> None:
        """Log that all PINs are assigned, with each consequence at most once an hour."""
        if time.monotonic() > self._next_warning_at.get(consequence, 0):
            log.error("all %d PINs are given away: %s", self._settings.max_pins, consequence)
            self._next_warning_at[consequence] = time.monotonic() + HOUR

    def _mark_used(self, pin: int, used: int, *, was_dialled: int, dialled: int) -> None:
        """Write the hour of use, once an hour and when first dialled. A full disk does not make the answer fail."""
        if (used, was_dialled) != (current_hour(), dialled):
            try:
                change = "UPDATE pins SET used = ?, dialled = ? WHERE pin = ?"
                self._database.execute(change, (current_hour(), dialled, pin))
            except sqlite3.OperationalError as error:
                log.error("the use of a PIN is not noted: %s", error)
