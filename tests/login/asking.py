"""A process that asks a back end (asker.py), and its preflight; in a machine of the tests, or on this one."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from toolkit.formats.program_archive import archive_of

ROOT = Path(__file__).parents[2]
ASKER = Path(__file__).with_name("asker.py")
PROGRAM = "/usr/local/sbin/jitsi-login"  # in machines


def install(machine) -> None:
    """The login service's archive, from which Python also imports, and the asker."""
    (machine.root / PROGRAM.lstrip("/")).write_bytes(archive_of("login"))
    shutil.copy(ASKER, machine.root / "srv/asker.py")


def python_in(machine) -> list[str]:
    """The command of Debian's Python in the machine, with the login service."""
    return machine.command("env", f"PYTHONPATH={PROGRAM}", "/usr/bin/python3")


# On this machine: Debian's Python with Debian's packages, and ours with the newest ones.
ENVIRONMENT = ["env", f"PYTHONPATH={ROOT / 'programs'}", "PYTHONDONTWRITEBYTECODE=1"]
PYTHON = [*ENVIRONMENT, "/usr/bin/python3"]
NEWEST = [*ENVIRONMENT, sys.executable]


class Asker:
    """Asks one back end. The folder is this machine's path of what the process calls `inside`."""

    def __init__(self, python: list[str], kind: str, settings: dict, folder: Path, inside: str, asker: str):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "settings.json").write_text(json.dumps(settings))
        self.socket = folder / "socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))
            listener.listen(1024)
            self.process = subprocess.Popen(
                ["sh", "-c", 'exec "$@" 3<&0', "sh", *python, asker, kind, f"{inside}/settings.json"],
                stdin=listener, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip

    def ask(self, **question) -> dict:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(str(self.socket))
            client.sendall(json.dumps(question).encode() + b"\n")
            return json.loads(client.makefile("rb").readline())

    def finish(self, browser: str = "", **fields: str) -> dict:
        return self.ask(finish=fields, browser=browser)

    def login(self, login: str, password: str, address: str = "") -> dict:
        return self.ask(login=login, password=password, address=address)

    def stop(self) -> str:
        """What it wrote."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=10)[1]


def preflight(python: list[str], kind: str, settings: dict, login: dict | None = None):
    """The preflight's process, with settings on standard input as the role gives them."""
    lines = [json.dumps({"kind": kind, "backend": settings}), json.dumps(login) if login else ""]
    return subprocess.run(
        [*python, "-m", "login.preflight", "-"],
        input="\n".join(lines), capture_output=True, text=True, check=False,
    )  # fmt: skip
