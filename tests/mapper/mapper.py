"""The daemon of role conference_mapper as a process, asked over HTTP; its PINs in a folder of the test."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from toolkit.formats.program_archive import archive_of

ROOT = Path(__file__).parents[2]
DOMAIN = "meet.example"
KEY = "the-key-of-the-gateways"
NUMBERS = [
    {"country": "DE", "number": "+49 30 123456", "toll_free": False},
    {"country": "AT", "number": "+43 1 654321", "toll_free": True},
]

# In the daemon's own machine, for SQLite wants to know a file's real name.
SQL = """
import json, sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None) as database:
    print(json.dumps(database.execute(sys.argv[2], json.loads(sys.argv[3])).fetchall()))
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def jid(room: str, domain: str = DOMAIN) -> str:
    return f"{room}@conference.{domain}"


class Answer:
    def __init__(self, answer: http.client.HTTPResponse):
        self.status, self.headers, self.text = answer.status, answer.headers, answer.read().decode()

    @property
    def json(self):
        return json.loads(self.text)


class Mapper:
    """One daemon, by whatever leads into the machine it runs in (command), its folder seen from there and from here.

    Without a program it runs on this machine, packed as for servers.
    """

    def __init__(self, folder: Path, command=(), program: Path | str = "", inside: Path | str = "", **changes):
        folder.mkdir(exist_ok=True, parents=True)
        if not program:
            program = folder.parent / f"{folder.name}.pyz"
            program.write_bytes(archive_of("conference_mapper"))
        self.folder, self.inside = folder, inside or folder
        self.command, self.program, self.process = list(command), program, None
        self.settings = {"domain": DOMAIN, "days": 14, "numbers": NUMBERS, "key": KEY, "port": free_port()} | changes
        self.port, self.database = self.settings["port"], folder / "pins.sqlite"
        self.journal = folder.parent / f"{folder.name}.journal"

    def start(self) -> "Mapper":
        (self.folder / "settings.json").write_text(json.dumps(self.settings))
        words = [*self.command, "/usr/bin/python3", self.program, f"{self.inside}/settings.json", self.inside]
        with self.journal.open("ab") as journal:
            self.process = subprocess.Popen([str(word) for word in words], stderr=journal)
        deadline = time.monotonic() + 20
        while True:
            assert self.process.poll() is None, f"the daemon ended: {self.journal.read_text()}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            assert time.monotonic() < deadline, "the daemon does not listen"
            time.sleep(0.02)

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(20)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.putrequest(method, path, skip_host=True)
            for name, value in ({"Host": DOMAIN} | headers).items():
                connection.putheader(name, value)
            connection.endheaders()
            return Answer(connection.getresponse())

    def pin(self, room: str) -> Answer:
        """As the page asks: the room as it stands in the page's address."""
        return self.ask(f"/dial-in/pin?conference={room}&url=https://{DOMAIN}/{room.partition('@')[0]}")

    def new(self, room: str) -> int:
        answer = self.pin(jid(room, self.settings["domain"]))
        assert answer.status == 200, answer.text
        return answer.json["id"]

    def room(self, pin, caller: str = "", key: str = KEY) -> Answer:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.ask(f"/dial-in/room?id={pin}&caller={quote(caller)}", **headers)

    def sql(self, statement: str, *values) -> list[tuple]:
        """What stands in the database, or is put there; of the running daemon, too."""
        words = [*self.command, "/usr/bin/python3", "-c", SQL, f"{self.inside}/pins.sqlite", statement]
        done = subprocess.run([*map(str, words), json.dumps(values)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [tuple(row) for row in json.loads(done.stdout)]

    def bytes(self) -> bytes:
        """Everything on its disk but the settings."""
        return b"".join(file.read_bytes() for file in sorted(self.folder.glob("pins.sqlite*")))

    def memory_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])
