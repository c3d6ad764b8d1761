"""What the journal keeps of a run."""

import getpass
import os
import socket
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

ROOT = Path(__file__).resolve().parents[2]
# Playbooks that read the customer's files alone: they leave nothing.
UNRECORDED = ("history", "people", "plan", "validate")
# Playbooks that change nothing: any number of them at a time.
READING = ("sbom", "seats", "ssh", "stream", "summary", "verify")
VERBS = {"site": "deploy"}
# Options of ansible-playbook that hold no secret, and extra variables whose values are none.
OPTIONS = ("subset", "tags", "skip_tags", "start_at_task", "check")
SHOWN = (
    *("destroy", "drain", "drain_force", "drain_minutes", "drain_mode", "lose_recordings", "restarts", "retire"),
    "undrain",
)
UNSET: tuple[object, ...] = (None, False, "", (), ("all",))


class Entry(TypedDict):
    """The beginning of a run."""

    began: str
    who: str
    process: int
    verb: str
    revision: str
    arguments: dict[str, Any]


class End(TypedDict):
    """Its end; a run that was killed has none."""

    ended: str
    seconds: int
    result: str


def now() -> str:
    """The time as the journal writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def own_playbooks(named: Iterable[str]) -> list[str]:
    """The playbooks of the toolkit's own among those that Ansible was told to run, without path and suffix."""
    paths = [Path(name).resolve() for name in named]
    return [path.stem for path in paths if path.parent == ROOT / "playbooks"]


def entry(playbooks: Iterable[str], arguments: Mapping[str, Any], extra: Mapping[str, Any]) -> Entry:
    """The run of this process; arguments are those of Ansible's command, extra its extra variables."""
    given = {name: arguments[name] for name in OPTIONS if arguments.get(name) not in UNSET}
    # Who writes -e may write a secret: of what is not known to be none, the name stays.
    given |= {name: value if name in SHOWN else "(not kept)" for name, value in sorted(extra.items())}
    return {
        "began": now(),
        "who": _operator(),
        "process": os.getpid(),
        "verb": ", ".join(VERBS.get(name, name) for name in playbooks),
        "revision": _revision(),
        "arguments": given,
    }


def _operator() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container runs under a number
        user = str(os.getuid())
    behind = os.environ.get("SUDO_USER", user)
    return f"{user if behind == user else f'{behind} as {user}'} on {socket.gethostname()}"


def _revision() -> str:
    """The toolkit's commit; with -dirty where files differ from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
