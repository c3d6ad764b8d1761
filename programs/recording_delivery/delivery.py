"""One round over all recordings that wait for their delivery."""

import contextlib
import functools
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import DeliveryError
from .sessions import inspect, move, recorded_at
from .settings import Settings
from .storage import Storage

DAY = 24 * 3600
PRUNE_EVERY = 3600  # seconds; a remote storage is not searched every minute
EVERYTHING = "-"  # in place of a session, where an error is of none


class Delivery:
    """A round: errors has a message for each session or unit, deleted the sessions that were never delivered."""

    def __init__(self, settings: Settings) -> None:
        """Begin without errors."""
        self.errors: dict[str, str] = {}
        self.deleted: set[str] = set()
        self._settings = settings

    @functools.cached_property
    def _storage(self) -> Storage:
        return Storage(self._settings)

    def run(self) -> None:
        """Deliver, prune, and check the recorder's units. All problems become errors, none ends the round."""
        with self._errors_of(EVERYTHING):
            self._delete_partial_copies()
        for session in sorted(self._settings.outgoing.iterdir()):
            with self._errors_of(session.name):
                self._deliver(session)
        with self._errors_of(EVERYTHING):
            self._prune()
        for unit in self._settings.units:
            if not subprocess.run(["systemctl", "is-failed", "--quiet", unit], check=False).returncode:
                self.errors[unit] = f"the unit has failed: see journalctl -u {unit}"
        for session in self._settings.failed.iterdir():
            self.errors.setdefault(session.name, f"the recording cannot be used; it is in {self._settings.failed}")

    @contextlib.contextmanager
    def _errors_of(self, session: str) -> Iterator[None]:
        """Keep what is wrong with one session as its error, so that the others are delivered."""
        try:
            yield
        except DeliveryError as error:
            self.errors[session] = str(error)
        except Exception as error:
            # Without its message, which names files.
            name = error.strerror if isinstance(error, OSError) else type(error).__name__
            self.errors[session] = f"unexpected error: {name}"

    def _delete_partial_copies(self) -> None:
        """Delete what an interrupted round has left in the local storage."""
        for part in self._settings.stored.glob("*/*.part"):
            part.unlink()

    def _deliver(self, session: Path) -> None:
        try:
            inspect(session)
        except DeliveryError as error:
            self.errors[move(session, self._settings.failed).name] = str(error)
            return
        try:
            self._upload(session)
        except DeliveryError as error:
            retries = f"retried every minute, and deleted when it is {self._settings.days} days old"
            raise DeliveryError(f"{error}; the delivery is {retries}") from None

    def _upload(self, session: Path) -> None:
        """Upload the files of a session, the recording last, so that it stays here until all others are uploaded."""
        for file in sorted(session.iterdir(), key=lambda file: file.suffix == ".mp4"):
            self._storage.upload(file, session.name)
        session.rmdir()

    def _prune(self) -> None:
        """Delete what is older than the retention time, here and in the storage."""
        for session in [*self._settings.failed.iterdir(), *self._settings.outgoing.iterdir()]:
            with self._errors_of(session.name):
                self._prune_local(session)
        last = self._settings.state / "pruned"
        if last.exists() and time.time() - last.stat().st_mtime < PRUNE_EVERY:
            return
        try:
            self._storage.prune(self._settings.days)
        except DeliveryError as error:
            message = f"recordings older than {self._settings.days} days could not be deleted"
            raise DeliveryError(f"{message}: {error}") from None
        last.touch()

    def _prune_local(self, session: Path) -> None:
        days = self._settings.days
        if time.time() - recorded_at(session) <= days * DAY:
            return
        shutil.rmtree(session)
        if session.parent == self._settings.outgoing:
            self.deleted.add(session.name)
            raise DeliveryError(f"the recording was not delivered within {days} days and has been deleted")
