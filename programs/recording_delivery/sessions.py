"""Folders of sessions: a recording, and Jibri's metadata.json beside it."""

import json
from pathlib import Path

from .commands import run
from .errors import DeliveryError

# What Jibri calls a session, numbered when it comes again: only folders that look like one are ever deleted.
SESSION = "-".join(f"[0-9a-f]{{{length}}}" for length in (8, 4, 4, 4, 12)) + "(-[0-9]+)?"


def unused_path(folder: Path, name: str) -> Path:
    """Return a path in the folder that does not exist: of that name, or the name with a number."""
    path, number = folder / name, 0
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}"
    return path


def move(session: Path, folder: Path) -> Path:
    """Move a session into another folder of the same disk; returns its new path."""
    return session.rename(unused_path(folder, session.name))


def recorded_at(session: Path) -> float:
    """Return when the recording ended, in seconds since 1970."""
    return max([file.stat().st_mtime for file in session.rglob("*")] or [session.stat().st_mtime])


def inspect(session: Path) -> None:
    """Raise DeliveryError unless there is a recording, and each one has video, audio and a duration."""
    recordings = list(session.glob("*.mp4"))
    if not recordings:
        raise DeliveryError("the session has no recording")
    for recording in recordings:
        _inspect_file(recording)


def _inspect_file(recording: Path) -> None:
    kinds, seconds = _probe(recording)
    for kind in ("video", "audio"):
        if kind not in kinds:
            raise DeliveryError(f"the recording has no {kind}")
    if not seconds > 0:
        raise DeliveryError("the recording has no duration")


def _probe(recording: Path) -> tuple[set[str | None], float]:
    """Return the kinds of its streams, and how many seconds it has; ffprobe leaves out what it does not know."""
    try:
        found = json.loads(
            run("ffprobe", "-v", "quiet", "-of", "json", "-show_streams", "-show_format", str(recording))
        )
        kinds = {stream.get("codec_type") for stream in found["streams"]}
        return kinds, float(found["format"].get("duration", 0))
    except (DeliveryError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise DeliveryError("the recording is damaged") from None
