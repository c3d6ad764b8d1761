"""Fuzz one target with atheris: run.py TARGET FOLDER [options of libFuzzer] CORPUS ... (scripts/fuzz)."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["toolkit", "programs", "markdown_it"]):
    from targets import TARGETS

target, failed = TARGETS[sys.argv.pop(1)], Path(sys.argv.pop(1))


def tried(data: bytes) -> None:
    """Write down the failing input before libFuzzer does: the process may end first."""
    try:
        target(data)
    except BaseException:
        (failed / "input").write_bytes(data)
        raise


atheris.Setup(sys.argv, tried)
atheris.Fuzz()
