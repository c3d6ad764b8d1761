"""Command line of the login service."""

import argparse
import asyncio
import contextlib
import logging
import os
import socket
import sqlite3
import sys
from pathlib import Path

from aiohttp import web

from . import preflight
from .backends import create
from .server import application, serve
from .sessions import Sessions
from .settings import Settings

FIRST_SOCKET = 3  # that systemd hands over


def main() -> int:
    """Serve, or only read the settings (--parse), or ask the provider (--check, see preflight).

    Returns 64 for wrong settings, 74 for an unreadable database.
    """
    parser = argparse.ArgumentParser(description="Logs people in, and vouches for them to prosody.")
    parser.add_argument("--parse", action="store_true", help="only read the settings")
    parser.add_argument("--check", action="store_true", help="ask the provider what a login needs; stdin: one to try")
    parser.add_argument("file", type=Path, help="the settings, JSON")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), help="the folder of the sessions' database")
    options = parser.parse_args()
    if options.check:
        return preflight.main(str(options.file))
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL + 1)  # it would log requests that it cannot parse
    try:
        settings = Settings.read(options.file)
        backend = create(settings.kind, settings.backend)
    except (OSError, ValueError, TypeError, KeyError) as error:
        print(f"jitsi-login: {options.file}: {error}", file=sys.stderr)
        return 64
    if options.parse:
        return 0
    os.umask(0o077)
    try:
        sessions = Sessions(options.folder / "sessions.sqlite", settings)
    except sqlite3.Error as error:
        print(f"jitsi-login: the sessions in {options.folder} cannot be read: {error}", file=sys.stderr)
        return 74

    async def run() -> None:
        await serve(application(settings, sessions, backend), socket.socket(fileno=FIRST_SOCKET))

    with contextlib.suppress(web.GracefulExit):
        asyncio.run(run())
    return 0
