"""Command line of the conference mapper."""

import argparse
import asyncio
import contextlib
import logging
import os
import sqlite3
import sys
from pathlib import Path

from aiohttp import web

from .server import serve
from .settings import Settings
from .store import PinStore


def main() -> int:
    """Serve, or only read the settings (--parse). Returns 64 for wrong settings, 74 for an unreadable database."""
    parser = argparse.ArgumentParser(description="Assigns PINs to conferences, for participants who dial in.")
    parser.add_argument("--parse", action="store_true", help="only read the settings")
    parser.add_argument("file", type=Path, help="the settings, JSON")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), help="the folder of the PINs' database")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL + 1)  # it would log requests that it cannot parse
    try:
        settings = Settings.read(options.file)
    except (OSError, ValueError, TypeError) as error:
        print(f"jitsi-conference-mapper: {options.file}: {error}", file=sys.stderr)
        return 64
    if options.parse:
        return 0
    os.umask(0o077)
    try:
        store = PinStore(options.folder / "pins.sqlite", settings)
    except sqlite3.Error as error:
        print(f"jitsi-conference-mapper: the PINs in {options.folder} cannot be read: {error}", file=sys.stderr)
        return 74
    with contextlib.suppress(web.GracefulExit):
        asyncio.run(serve(settings, store))
    return 0
