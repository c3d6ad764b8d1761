"""Fuzz one target with atheris: run.py TARGET FOLDER [options of libFuzzer] CORPUS ... (scripts/fuzz)."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["toolkit", "programs", "markdown_it"]):
    from targets import TARGETS

target, faults = TARGETS[sys.argv.pop(1)], Path(sys.argv.pop(1))


def tried(data: bytes) -> None:
    """Keep the input that is a fault at once: the process may not come to it any more."""
    try:
        target(data)
    except BaseException:
        (faults / "input").write_bytes(data)
        raise


atheris.Setup(sys.argv, tried)
atheris.Fuzz()
