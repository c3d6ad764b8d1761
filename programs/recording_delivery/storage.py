"""The storage of recordings: a folder of this host, or a remote of rclone."""

import errno
import re
import shutil
import subprocess
import time
from pathlib import Path

from .commands import run
from .errors import DeliveryError
from .rclone import Rclone
from .sessions import SESSION
from .settings import Settings

ENCRYPTED = ".age"
CHUNK, TAG = 64 * 1024, 16  # bytes: age encrypts in chunks, and makes each of them longer by a tag


class Storage:
    """Uploads files of sessions and deletes expired ones."""

    def __init__(self, settings: Settings) -> None:
        """Take the storage from the settings. Raises DeliveryError when rclone cannot be configured."""
        self._settings, self._rclone = settings, Rclone(settings)
        self._kind = settings.target["kind"]
        below = "/".join(part for part in (settings.target.get("bucket"), settings.target.get("folder")) if part)
        self._path = str(settings.stored) if self._kind == "local" else f"storage:{below}"

    def upload(self, file: Path, session: str) -> None:
        """Upload a file and delete it here. It gets its name in the storage only once it is complete there.

        Raises DeliveryError or OSError; the file is still here then.
        """
        recipients = self._settings.recipients
        uploaded = self._at(session, file.name + (ENCRYPTED if recipients else ""))
        if self._kind == "local" and not recipients and _renamed(file, Path(uploaded)):
            return
        part = f"{uploaded}.part"
        if recipients:
            self._upload_encrypted(file, part)
        else:
            self._rclone("copyto", str(file), part)
        self._rclone("moveto", part, uploaded)
        file.unlink()

    def prune(self, days: int) -> None:
        """Delete files of sessions that are older, and the folders of sessions that are empty then.

        Raises DeliveryError.
        """
        sessions_only = ["--include", f"/{{{{{SESSION}}}}}/**"]
        self._rclone("mkdir", self._path)
        if not self._folders():
            return
        self._rclone("delete", self._path, "--min-age", f"{days}d", *sessions_only)
        left = self._rclone("lsf", self._path, "--recursive", *sessions_only).splitlines()
        for folder in self._folders():
            full = any(path.startswith(folder) and path != folder for path in left)
            if re.fullmatch(f"{SESSION}/", folder) and not full:
                self._rclone("rmdir", self._at(folder.rstrip("/")))

    def _folders(self) -> list[str]:
        return self._rclone("lsf", self._path, "--dirs-only").splitlines()

    def _at(self, *parts: str) -> str:
        if self._path.endswith(":"):
            return self._path + "/".join(parts)
        return "/".join([self._path.rstrip("/"), *parts])

    def _upload_encrypted(self, file: Path, part: str) -> None:
        """Encrypt during the upload: a disk may have no room for a recording twice."""
        age = ["age", *(word for key in self._settings.recipients for word in ("-r", key))]
        before = file.stat()
        length = _encrypted_length(age, before.st_size)
        self._check_room(length)
        with subprocess.Popen([*age, str(file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as encryption:
            # Storages want to know the length beforehand.
            self._rclone("rcat", f"--size={length}", part, stdin=encryption.stdout)
        if encryption.returncode:
            raise DeliveryError(f"age ended with {encryption.returncode}")
        if self._rclone("lsf", "--format=s", part).strip() != str(length):
            raise self._rclone.error("the uploaded file is incomplete")
        if self._kind != "webdav":  # which keeps no times but its own
            recorded = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(before.st_mtime))
            self._rclone("touch", "--no-create", f"--timestamp={recorded}", part)

    def _check_room(self, length: int) -> None:
        spare = self._settings.spare_gb
        if self._kind == "local" and shutil.disk_usage(self._path).free < length + spare * 10**9:
            raise DeliveryError(
                f"this disk has no room for the recording and its encrypted copy at once with {spare} GB to spare for "
                "recordings in progress: make room, or use a larger disk"
            )


def _encrypted_length(age: list[str], length: int) -> int:
    """Return the bytes of a file of that length once it is encrypted by this command line of age."""
    empty = len(run(*age)) - TAG
    return empty + length + TAG * max(1, -(-length // CHUNK))


def _renamed(file: Path, stored: Path) -> bool:
    """Rename a file, where it is on the same disk. Returns False where a copy is needed."""
    stored.parent.mkdir(exist_ok=True)
    try:
        file.rename(stored)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True
