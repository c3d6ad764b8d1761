"""Whether a recorder is on duty: what is done to Jibri, by its answers and the room on its disk."""

import contextlib
import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from conftest import free_port, until

from toolkit.formats.to_shell import to_shell

TEMPLATE = Path(__file__).parents[2] / "roles/jibri/templates/duty.j2"
PATIENCE = 2
PLENTY, LITTLE, NONE = 5_000_000, 3_000_000, 900_000  # kB of room, where 4 GB are the least


class Jibri:
    """Answers as Jibri does, or late, or not at all; `asked` is what it was told to do."""

    def __init__(self, port: int = 0):
        jibri, self.busy, self.health, self.asked, self.late = self, "IDLE", "HEALTHY", [], threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if jibri.busy == "SLOW":
                    jibri.late.wait()
                details = {} if jibri.health == "HEALTHY" else {"JibriManager": {"healthStatus": jibri.health}}
                health = {"healthStatus": jibri.health, "details": details}
                self.answer(json.dumps({"status": {"busyStatus": jibri.busy, "health": health}}).encode())

            def do_POST(self):
                jibri.asked.append(self.path.rpartition("/")[2])
                self.answer(b"")

            def answer(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):  # who asked has lost patience
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.late.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def jibri():
    jibri = Jibri()
    yield jibri
    jibri.close()


def duty(tmp_path: Path, jibri: Jibri, word: str, free: int) -> tuple[int, list[str], str]:
    """How the program ends, what it has systemctl do, and what it says."""
    environment = jinja2.Environment()  # noqa: S701 - a script
    environment.filters |= {"comment": str, "to_shell": to_shell}
    text = environment.from_string(TEMPLATE.read_text()).render(
        ansible_managed="# managed", jibri_least_free_gb=4, jibri_recordings_folder="/var/lib/recording/recordings"
    )
    port = jibri.port if jibri.busy != "GONE" else free_port()
    for there, here in {"127.0.0.1:2222": port, "127.0.0.1:3333": port}.items():
        text = text.replace(there, f"127.0.0.1:{here}")
    assert "patience=30" in text
    (tmp_path / "duty").write_text(text.replace("patience=30", f"patience={PATIENCE}"))
    done = tmp_path / "done"
    done.touch()
    for name, line in {"df": f"echo Avail; echo {free}", "systemctl": f'echo "$*" >> {done}'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    ended = subprocess.run(
        ["bash", str(tmp_path / "duty"), word], env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.returncode, done.read_text().splitlines(), ended.stderr


@pytest.mark.parametrize(
    ("busy", "free", "done", "asked"),
    [
        ("IDLE", LITTLE, ["stop jibri.service"], []),
        ("BUSY", LITTLE, [], []),
        ("BUSY", NONE, [], ["stopService"]),
        ("SLOW", LITTLE, [], []),
        ("SLOW", NONE, [], ["stopService"]),
        ("EXPIRED", LITTLE, [], []),
        ("GONE", NONE, [], []),
    ],
)
def test_without_room_only_a_recorder_that_says_it_is_idle_is_stopped(tmp_path, jibri, busy, free, done, asked):
    jibri.busy = busy
    code, systemctl, said = duty(tmp_path, jibri, "look", free)
    assert (code, systemctl, jibri.asked) == (1, done, asked)
    assert "off duty" in said


@pytest.mark.parametrize("busy", ["IDLE", "BUSY"])
def test_with_room_a_recorder_is_on_duty(tmp_path, jibri, busy):
    jibri.busy = busy
    assert duty(tmp_path, jibri, "look", PLENTY) == (0, ["start jibri.service"], "")


@pytest.mark.parametrize(("busy", "done"), [("IDLE", ["restart jibri.service"]), ("BUSY", []), ("EXPIRED", [])])
def test_an_unhealthy_recorder_is_restarted_when_it_is_idle_and_reported(tmp_path, jibri, busy, done):
    jibri.busy, jibri.health = busy, "UNHEALTHY"
    code, systemctl, said = duty(tmp_path, jibri, "look", PLENTY)
    assert (code, systemctl, jibri.asked) == (1, ["start jibri.service", *done], [])
    assert "UNHEALTHY" in said
    assert "journalctl -u jibri" in said


@pytest.mark.parametrize("busy", ["GONE", "SLOW"])
def test_a_recorder_that_does_not_answer_is_told_of(tmp_path, jibri, busy):
    jibri.busy = busy
    code, systemctl, said = duty(tmp_path, jibri, "look", PLENTY)
    assert (code, systemctl) == (1, ["start jibri.service"])
    assert "does not answer" in said


def test_a_recorder_that_is_just_starting_is_waited_for(tmp_path):
    port, started = free_port(), []
    asked = ["pgrep", "-f", f"127.0.0.1:{port}/"]

    def start():
        until(lambda: subprocess.run(asked, stdout=subprocess.DEVNULL, check=False).returncode == 0, "nobody asks it")
        started.append(Jibri(port))

    threading.Thread(target=start).start()
    try:
        assert duty(tmp_path, SimpleNamespace(busy="IDLE", port=port), "look", PLENTY)[0] == 0
    finally:
        until(lambda: started, "it did not start")[0].close()


@pytest.mark.parametrize(
    ("busy", "done", "asked"),
    [
        ("IDLE", ["restart jibri.service"], []),
        ("GONE", ["restart jibri.service"], []),
        ("BUSY", [], ["notifyConfigChanged"]),
        ("SLOW", [], ["notifyConfigChanged"]),
    ],
)
def test_a_new_configuration_waits_for_the_end_of_a_recording(tmp_path, jibri, busy, done, asked):
    jibri.busy = busy
    code, systemctl, _ = duty(tmp_path, jibri, "renew", PLENTY)
    assert (code, systemctl, jibri.asked) == (0, done, asked)
