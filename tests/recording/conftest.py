"""A recorder's disk, storages of recordings, and the address that alerts go to, all real and in folders of the test."""

import http.server
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from toolkit.formats.program_archive import archive_of

DAY = 24 * 3600
LONG, BEGUN = 600_000, 20_000  # bytes of a recording that fills a small disk, and of one that has begun
PASSWORD = "a-password-of-the-storage"  # noqa: S105 - of storages that end with the test
ROOM, PERSON = "magic-room-7f3a", "Anna Magic-9c2e"


def need(name: str, package: str) -> str:
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert path, f"this test needs {name}: apt-get install {package}"
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def until(probe, what: str, seconds: int = 20):
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return value


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def recordings(tmp_path_factory) -> dict[str, Path]:
    """A recording that is whole, one without sound, one killed halfway, one ended by systemd, and one that is long."""
    folder = tmp_path_factory.mktemp("recordings")
    picture = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=15"]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440"]
    ffmpeg = [need("ffmpeg", "ffmpeg"), "-loglevel", "error", "-nostdin"]
    made = {name: folder / f"{name}.mp4" for name in ("whole", "silent", "killed", "ended")}
    code = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    subprocess.run([*ffmpeg, *picture, *sound, "-t", "2", *code, "-c:a", "aac", str(made["whole"])], check=True)
    subprocess.run([*ffmpeg, *picture, "-t", "2", *code, str(made["silent"])], check=True)
    slow = [*ffmpeg, "-re", *picture, "-re", *sound, *code, "-c:a", "aac", "-flush_packets", "1"]
    for name, end in {"killed": signal.SIGKILL, "ended": signal.SIGTERM}.items():
        process = subprocess.Popen([*slow, str(made[name])])
        until(lambda file=made[name]: file.exists() and file.stat().st_size > BEGUN, "ffmpeg writes nothing")
        process.send_signal(end)
        process.wait()
    # One that fills a small disk, with a box at its end that players pass over.
    made["long"] = folder / "long.mp4"
    made["long"].write_bytes(made["whole"].read_bytes() + LONG.to_bytes(4, "big") + b"free" + bytes(LONG - 8))
    return made


class Listener:
    """Receives alerts; `heard` is what, in order."""

    def __init__(self):
        listener, self.heard, self.answer = self, [], 200

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(listener.answer)
                self.end_headers()
                if listener.answer == 200:
                    listener.heard.append(json.loads(body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.close()


class Recorder:
    """The disk of a recorder, with the role's program and settings."""

    def __init__(self, base: Path, listener: Listener, recordings: dict[str, Path]):
        self.base, self.made_before, self.said = base / "recording", recordings, ""
        self.make_room()
        self.program = base / "recording-delivery"
        self.program.write_bytes(archive_of("recording_delivery"))
        self.settings = {
            "folder": str(self.base), "target": {"kind": "local"}, "password": "", "ssh_key": "", "recipients": [],
            "days": 14, "spare_gb": 0, "alert_url": listener.url, "host": "acme-jibri-1", "units": [],
        }  # fmt: skip
        self.file = base / "settings.json"

    def make_room(self) -> None:
        for folder in ("recordings", "finished", "taken", "outgoing", "failed", "stored", "state"):
            (self.base / folder).mkdir(parents=True)

    def start(self, name: str, *words: object) -> subprocess.Popen:
        self.file.write_text(json.dumps(self.settings))
        # Whoever runs the tests may have S3 of his own.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment["HOME"] = str(self.base.parent)
        line = [sys.executable, self.program, f"--settings={self.file}", name, *map(str, words)]
        pipe = subprocess.PIPE
        return subprocess.Popen(line, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True)

    def call(self, name: str, *words: object) -> int:
        process = self.start(name, *words)
        output, errors = process.communicate()
        self.said += output + errors
        assert "Traceback" not in errors, errors
        return process.returncode

    def record(self, kind: str = "whole") -> str:
        """A recording that has just ended, and its session."""
        session = str(uuid.uuid4())
        folder = self.base / "recordings" / session
        folder.mkdir()
        shutil.copyfile(self.made_before[kind], folder / f"{ROOM}_2026.mp4")
        metadata = {"meeting_url": f"https://meet.acme.example/{ROOM}", "participants": [{"user": {"name": PERSON}}]}
        (folder / "metadata.json").write_text(json.dumps(metadata))
        return session

    def enqueued(self, kind: str = "whole") -> str:
        """The same, enqueued and taken over."""
        session = self.record(kind)
        assert self.call("enqueue", self.base / "recordings" / session) == 0
        self.take_over()
        return session

    def take_over(self) -> None:
        assert self.call("take-over", self.base, pwd.getpwuid(os.getuid()).pw_name) == 0

    def deliver(self) -> int:
        """One round, in which deleting what is old is due, and before it what the unit wants."""
        self.take_over()
        (self.base / "state/pruned").unlink(missing_ok=True)
        return self.call("deliver")

    def left(self) -> set[str]:
        """What of recordings is on the recorder, but for the ones in the local storage."""
        files = {path for path in self.base.rglob("*") if path.is_file()}
        return {str(path.relative_to(self.base)) for path in files if not {"stored", "state"} & set(path.parts)}


@pytest.fixture
def recorder(tmp_path, listener, recordings):
    return Recorder(tmp_path, listener, recordings)


class Storage:
    """A server recordings go to: its folder here, how to reach it, what is right and what is wrong to log in with."""

    def __init__(self, kind: str, base: Path, below: str):
        self.kind, self.root, self.below = kind, base / "storage", below
        self.files = self.root / below
        self.root.mkdir()
        self.port, self.wrong = free_port(), {"password": "wrong"}
        self.right = {"password": PASSWORD}
        self.process = getattr(self, kind)(base)
        until(lambda: answers(self.port), f"{kind} does not answer")

    def served(self, *words: str, **environment: str) -> subprocess.Popen:
        line = [need("rclone", "rclone"), "--config=/dev/null", "serve", *words, f"--addr=127.0.0.1:{self.port}"]
        return subprocess.Popen(line, stderr=subprocess.DEVNULL, env=os.environ | environment)

    def webdav(self, base: Path) -> subprocess.Popen:
        self.target = {"kind": "webdav", "url": f"http://127.0.0.1:{self.port}", "user": "jitsi", "folder": self.below}
        return self.served("webdav", str(self.root), "--user=jitsi", f"--pass={PASSWORD}")

    def sftp(self, base: Path) -> subprocess.Popen:
        for name in ("host", "login"):
            subprocess.run(
                [need("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-f", str(base / name)],
                check=True,
            )
        (base / "authorized_keys").write_text((base / "login.pub").read_text())
        self.target = {
            "kind": "sftp", "host": "127.0.0.1", "port": self.port, "user": "jitsi", "folder": self.below,
            "host_key": " ".join((base / "host.pub").read_text().split()[:2]),
        }  # fmt: skip
        self.right = {"ssh_key": (base / "login").read_text()}
        self.wrong = {"ssh_key": (base / "host").read_text()}
        return self.served(
            "sftp", str(self.root), f"--key={base / 'host'}", f"--authorized-keys={base / 'authorized_keys'}"
        )

    def s3(self, base: Path) -> subprocess.Popen:
        self.target = {
            "kind": "s3", "endpoint": f"http://127.0.0.1:{self.port}", "region": "eu-central-1",
            "bucket": "acme-recordings", "access_key": "jitsi", "folder": self.below,
        }  # fmt: skip
        program = [Path(sys.executable).with_name("moto_server"), "--host=127.0.0.1", f"--port={self.port}"]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(program, stdout=quiet, stderr=quiet, cwd=base)

    def close(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture(params=["sftp", "webdav"])
def place(request, tmp_path, recorder):
    place = Storage(request.param, tmp_path, "acme/recordings")
    recorder.settings |= {"target": place.target} | place.right
    yield place
    place.close()
