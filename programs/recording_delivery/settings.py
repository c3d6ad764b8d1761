"""Settings of the recording delivery, read from JSON."""

import dataclasses
import json
from pathlib import Path
from typing import TypedDict

IN_PROGRESS = "recordings"  # Jibri writes to this folder, a folder per session


class Target(TypedDict, total=False):
    """The storage: kind is local, sftp, webdav or s3; which other keys there are depends on it."""

    kind: str
    host: str
    port: int
    host_key: str
    url: str
    endpoint: str
    region: str
    bucket: str
    access_key: str
    user: str
    folder: str


@dataclasses.dataclass(frozen=True)
class Settings:
    """The fields of the settings file; the argument_specs of role recording_delivery document them."""

    folder: Path
    target: Target
    password: str = dataclasses.field(repr=False)
    ssh_key: str = dataclasses.field(repr=False)
    recipients: list[str]
    days: int
    spare_gb: int
    alert_url: str
    host: str
    units: list[str]

    @classmethod
    def read(cls, file: Path) -> "Settings":
        """Read a JSON object of these fields. Raises OSError, ValueError or TypeError."""
        fields = json.loads(file.read_text(encoding="utf-8"))
        return cls(**fields | {"folder": Path(fields["folder"])})

    @property
    def outgoing(self) -> Path:
        """The folder of sessions that wait for their delivery."""
        return self.folder / "outgoing"

    @property
    def state(self) -> Path:
        """The folder of what a round leaves for the next one."""
        return self.folder / "state"

    @property
    def failed(self) -> Path:
        """The folder of sessions without a usable recording."""
        return self.folder / "failed"

    @property
    def stored(self) -> Path:
        """The storage of kind local."""
        return self.folder / "stored"
