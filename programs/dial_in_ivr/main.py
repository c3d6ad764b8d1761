"""Command line of the dial-in IVR."""

import argparse
import asyncio
import logging
import secrets
import signal
import tempfile
from pathlib import Path

from .baresip import baresip_version
from .channel import Channel
from .prompts import remove_unused, render_missing
from .settings import Settings


async def serve(settings: Settings, folder: Path) -> None:
    """Run all channels until SIGTERM or SIGINT; their baresips have their configuration below the folder."""
    version, salt = baresip_version(), secrets.token_bytes(16)
    channels = [Channel(settings, number, folder, salt, version) for number in range(1, settings.channels + 1)]
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    tasks = [asyncio.create_task(channel.run()) for channel in channels]
    waiter = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait([*tasks, waiter], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for ended in done:
        ended.result()


def main() -> int:
    """Run a command of the package's docstring."""
    parser = argparse.ArgumentParser(description="Answers calls and connects them with meetings by PIN.")
    parser.add_argument("command", choices=("render", "tidy", "serve"))
    parser.add_argument("file", type=Path, help="the settings, JSON")
    options = parser.parse_args()
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    settings = Settings.read(options.file)
    if options.command == "render":
        render_missing(settings)
    elif options.command == "tidy":
        remove_unused(settings)
    else:
        with tempfile.TemporaryDirectory(prefix="dial-in-ivr-") as folder:
            asyncio.run(serve(settings, Path(folder)))
    return 0
