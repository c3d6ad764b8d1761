"""Command line of the recording delivery."""

import argparse
import os
from pathlib import Path

from .alerts import Alerts
from .delivery import Delivery
from .sessions import move
from .settings import Settings


def main() -> int:
    """Run a command of the package's docstring. Returns 1 while there are errors."""
    parser = argparse.ArgumentParser(description="Delivers recordings of meetings.")
    parser.add_argument("--settings", type=Path, default=Path("/etc/recording-delivery/settings.json"))
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("enqueue", help="queue one recording").add_argument("folder", type=Path)
    commands.add_parser("recover", help="queue all recordings that a recorder left behind")
    commands.add_parser("deliver", help="deliver, prune, notify")
    options = parser.parse_args()
    os.umask(0o077)
    settings = Settings.read(options.settings)
    if options.command == "deliver":
        delivery = Delivery(settings)
        delivery.run()
        Alerts(settings).notify(delivery.errors, delivery.deleted)
        return 1 if delivery.errors else 0
    for session in [options.folder] if options.command == "enqueue" else settings.in_progress.iterdir():
        move(session, settings.outgoing)
    return 0
