"""Command line of the recording delivery."""

import argparse
import os
from pathlib import Path

from .alerts import Alerts
from .delivery import Delivery
from .sessions import move
from .settings import IN_PROGRESS, Settings
from .takeover import FINISHED, take_over


def main() -> int:
    """Run a command of the package's docstring. Returns 1 while there are errors."""
    parser = argparse.ArgumentParser(description="Delivers recordings of meetings.")
    parser.add_argument("--settings", type=Path, default=Path("/etc/recording-delivery/settings.json"))
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("enqueue", help="queue one recording").add_argument("session", type=Path)
    recover = commands.add_parser("recover", help="queue all recordings that a recorder left behind")
    takeover = commands.add_parser("take-over", help="move queued recordings out of the reach of Jibri's user")
    for command in (recover, takeover):
        command.add_argument("folder", type=Path, help="the folder of recordings")
    takeover.add_argument("user", help="whose the recordings become")
    commands.add_parser("deliver", help="deliver, prune, notify")
    options = parser.parse_args()
    os.umask(0o077)
    if options.command == "deliver":
        return _deliver(Settings.read(options.settings))
    if options.command == "take-over":
        take_over(options.folder, options.user)
        return 0
    for session in [options.session] if options.command == "enqueue" else (options.folder / IN_PROGRESS).iterdir():
        move(session, session.parents[1] / FINISHED)
    return 0


def _deliver(settings: Settings) -> int:
    delivery = Delivery(settings)
    delivery.run()
    Alerts(settings).notify(delivery.errors, delivery.deleted)
    return 1 if delivery.errors else 0
