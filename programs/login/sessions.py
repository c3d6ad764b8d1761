"""Sessions: who is logged in, in a SQLite database. One thread uses it, and no call is interrupted by another."""

import dataclasses
import hashlib
import secrets
import sqlite3
import time
import zlib
from pathlib import Path

from .backends import User
from .settings import DAY, HOUR, Settings

SCHEMA = """CREATE TABLE IF NOT EXISTS sessions (
  key TEXT PRIMARY KEY, login TEXT NOT NULL, moderator INTEGER NOT NULL, room TEXT NOT NULL, logout TEXT NOT NULL,
  stamp TEXT NOT NULL, stay INTEGER NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL,
  checked INTEGER NOT NULL)"""
# A session is written when its last use is so old: not at each of its requests.
USE_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Session:
    """A session as it is stored; the times are seconds since 1970."""

    key: str
    user: User
    stay: bool
    created: int
    used: int
    checked: int


def key_of(cookie: str) -> str:
    """What is stored in place of the cookie: who reads the database is not logged in by it."""
    return hashlib.sha256(cookie.encode()).hexdigest()


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, file: Path, settings: Settings) -> None:
        """Open or create the database and delete what has ended. Raises sqlite3.Error.

        Every person is looked for anew: accounts may have changed while the service was stopped.
        """
        self._settings = settings
        self._database = sqlite3.connect(file, isolation_level=None, timeout=5)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON", "temp_store = MEMORY"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(SCHEMA)
        self._end_of_other_accounts(f"{settings.kind} {settings.backend.get('issuer', '')}")
        self._database.execute("UPDATE sessions SET checked = 0")
        self.delete_ended()

    def _end_of_other_accounts(self, accounts: str) -> None:
        """End all sessions when the accounts are others: the same name is another person there."""
        mark = zlib.crc32(accounts.encode()) >> 1
        if self._database.execute("PRAGMA user_version").fetchone() != (mark,):
            self._database.execute("DELETE FROM sessions")
            self._database.execute(f"PRAGMA user_version = {mark}")

    def begin(self, user: User, stay: bool) -> str:
        """Begin a session and return its cookie, always a new one: nobody is logged in by one that was there before."""
        cookie, now = secrets.token_urlsafe(32), int(time.time())
        row = (key_of(cookie), user.login, user.moderator, user.room, user.logout, user.stamp, stay, now, now, now)
        self._database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return cookie

    def find(self, key: str) -> Session | None:
        """Return the session with that key, unless it has ended, and note that it was used."""
        row = self._database.execute("SELECT * FROM sessions WHERE key = ?", (key,)).fetchone()
        if not row:
            return None
        _, login, moderator, room, logout, stamp, stay, created, used, checked = row
        user = User(login, bool(moderator), room, logout, stamp)
        session = Session(key, user, bool(stay), created, used, checked)
        now = int(time.time())
        if self._ended(session, now):
            self.end(key)
            return None
        if now - used >= USE_SECONDS:
            self._database.execute("UPDATE sessions SET used = ? WHERE key = ?", (now, key))
        return session

    def note_check(self, key: str, *, moderator: bool) -> None:
        """Note that the back end was asked for the person, and what it said."""
        change = "UPDATE sessions SET moderator = ?, checked = ? WHERE key = ?"
        self._database.execute(change, (moderator, int(time.time()), key))

    def end(self, key: str) -> None:
        """End a session."""
        self._database.execute("DELETE FROM sessions WHERE key = ?", (key,))

    def delete_ended(self) -> None:
        """Delete sessions that have ended by time. One from the future (the clock was ahead) would live for longer."""
        now = int(time.time())
        idle, days = int(now - self._settings.idle_hours * HOUR), int(now - self._settings.days * DAY)
        ended = "DELETE FROM sessions WHERE created < ? OR created > ? OR NOT stay AND used < ?"
        self._database.execute(ended, (days, now + HOUR, idle))
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _ended(self, session: Session, now: int) -> bool:
        idle = not session.stay and now - session.used > self._settings.idle_hours * HOUR
        return idle or not -HOUR <= now - session.created <= self._settings.days * DAY
