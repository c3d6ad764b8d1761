"""Filter run_history: what the journal says, a line for each run."""

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.display.model import duration, plain
from toolkit.runs.journal import RUNS

HEAD = ("BEGAN", "VERB", "RESULT", "TOOK", "WHO", "REVISION", "ARGUMENTS")


def run_history(folder: str) -> str:
    """Return the runs in the state folder, the newest last."""
    rows = [HEAD, *(_row(file) for file in sorted((Path(folder).expanduser() / RUNS).glob("*.json")))]
    if len(rows) == 1:
        return "No run is recorded yet."
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _row(file: Path) -> tuple[str, ...]:
    """The cells of a run."""
    began, ended = _read(file)
    took = duration(ended["seconds"]) if "seconds" in ended else ""
    result = ended.get("result") or ("runs" if _is_locked(file) else "killed")
    cells = [began.get("began", file.stem), began.get("verb", ""), result, took, began.get("who", "")]
    return tuple(plain(str(cell)) for cell in (*cells, began.get("revision", ""), _words(began.get("arguments", {}))))


def _read(file: Path) -> list[dict[str, Any]]:
    """Beginning and end; what the machine's sudden end cut off counts as not written."""
    found: list[dict[str, Any]] = []
    for line in file.read_text(errors="replace").splitlines()[:2]:
        try:
            found.append(dict(json.loads(line)))
        except (ValueError, TypeError):
            break
    return [*found, {}, {}][:2]


def _is_locked(file: Path) -> bool:
    with file.open() as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _words(arguments: Mapping[str, Any]) -> str:
    texts = {name: ",".join(map(str, value)) if isinstance(value, list) else value for name, value in arguments.items()}
    return " ".join(f"{name}={text}" for name, text in texts.items())
