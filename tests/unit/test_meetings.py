"""Program meetings: what daemons say of what they hold, and what is made of it while dpkg runs."""

import http.server
import importlib.machinery
import importlib.util
import socket
import subprocess
import threading
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "roles/base/files/meetings"
spec = importlib.util.spec_from_loader("meetings", importlib.machinery.SourceFileLoader("meetings", str(FILE)))
meetings = importlib.util.module_from_spec(spec)
spec.loader.exec_module(meetings)

# As ss of iproute2 6.1 prints them: two relayed connections, coturn's own port, somebody else's socket in the range.
SOCKETS = """\
UNCONN 0 0 10.0.0.5:49201 0.0.0.0:* users:(("turnserver",pid=7,fd=31))
UNCONN 0 0 [fd00::5]:65535 [::]:* users:(("turnserver",pid=7,fd=32))
UNCONN 0 0 10.0.0.5:3478 0.0.0.0:* users:(("turnserver",pid=7,fd=20))
UNCONN 0 0 10.0.0.5:50000 0.0.0.0:* users:(("chronyd",pid=9,fd=5))
"""
METRICS = "# TYPE jitsi_jvb_conferences gauge\njitsi_jvb_conferences_created_total 7.0\njitsi_jvb_conferences 2.0\n"


@pytest.fixture
def answers(monkeypatch):
    """URL: what stands there; nothing listens elsewhere."""
    given = {}
    monkeypatch.setattr(meetings, "get", given.get)
    return given


@pytest.mark.parametrize(
    ("unit", "url", "text", "count"),
    [
        ("prosody.service", "http://127.0.0.1:8888/stats", '{"conferences": 3}', 3),
        ("jicofo.service", "http://127.0.0.1:8888/stats", '{"conferences": 0}', 0),
        ("jitsi-videobridge2.service", "http://127.0.0.1:8080/metrics", METRICS, 2),
        ("jitsi-videobridge2.service", "http://127.0.0.1:8080/metrics", 'jitsi_jvb_conferences{a="b"} 1.0', 1),
        ("jigasi.service", "http://127.0.0.1:8788/about/stats", '{"conferences":4}', 4),
        ("jibri.service", "http://127.0.0.1:2222/jibri/api/v1.0/health", '{"busyStatus": "BUSY"}', 1),
        ("jibri.service", "http://127.0.0.1:2222/jibri/api/v1.0/health", '{"busyStatus": "IDLE"}', 0),
        ("jibri-xorg.service", "http://127.0.0.1:2222/jibri/api/v1.0/health", '{"busyStatus": "BUSY"}', 1),
    ],
)
def test_each_daemon_is_asked_where_it_says_it(answers, unit, url, text, count):
    assert meetings.ENDS[unit]() == 0, "a daemon that does not run holds nothing"
    answers[url] = text
    assert meetings.ENDS[unit]() == count


def test_a_relay_holds_its_sockets_in_the_range_of_relayed_connections(monkeypatch, tmp_path):
    (tmp_path / "turnserver.conf").write_text("# by hand\nrealm=meet.example\nmin-port=49152\nmax-port=65535\n")
    monkeypatch.setattr(meetings, "TURN", tmp_path / "turnserver.conf")
    monkeypatch.setattr(
        meetings.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0, stdout=SOCKETS)
    )
    assert meetings.ENDS["coturn.service"]() == 2


@pytest.mark.parametrize(
    ("unit", "url", "text"),
    [
        ("jicofo.service", "http://127.0.0.1:8888/stats", "{}"),
        ("jicofo.service", "http://127.0.0.1:8888/stats", '{"conferences": null}'),
        ("jicofo.service", "http://127.0.0.1:8888/stats", "[]"),
        ("jitsi-videobridge2.service", "http://127.0.0.1:8080/metrics", "jitsi_jvb_conferences_created_total 7.0"),
    ],
)
def test_a_daemon_that_does_not_say_it_is_taken_to_hold_meetings(answers, unit, url, text):
    answers[url] = text
    with pytest.raises(meetings.UnknownError, match=url):
        meetings.ENDS[unit]()
    assert meetings.holds_meetings(unit)


class Daemon(http.server.BaseHTTPRequestHandler):
    """Knows one address."""

    def do_GET(self):
        self.send_response(200 if self.path == "/stats" else 500)
        self.end_headers()
        self.wfile.write(f"for {self.headers['Accept']}".encode())

    def log_message(self, *_):
        """Nothing is printed."""


@pytest.fixture
def daemon():
    with http.server.HTTPServer(("127.0.0.1", 0), Daemon) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def silent():
    """A socket that takes connections and says nothing, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_daemon_is_asked_for_text_or_json(daemon):
    assert meetings.get(f"{daemon}/stats") == "for text/plain, application/json"


def test_a_daemon_that_answers_with_an_error_is_not_one_that_does_not_run(daemon):
    with pytest.raises(meetings.UnknownError, match="/health answers 500"):
        meetings.get(f"{daemon}/health")


def test_a_daemon_that_does_not_answer_is_not_one_that_does_not_run(monkeypatch, silent):
    monkeypatch.setattr(meetings, "SECONDS", 0.1)
    with pytest.raises(meetings.UnknownError, match="/stats does not answer"):
        meetings.get(f"{silent[1]}/stats")


def test_where_nothing_listens_no_daemon_runs(silent):
    listener, address = silent
    listener.close()
    assert meetings.get(f"{address}/stats") is None


@pytest.fixture
def host(monkeypatch, tmp_path):
    """A host of which jicofo has a meeting."""
    monkeypatch.setattr(meetings, "UNITS", tmp_path)
    monkeypatch.setattr(meetings, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(meetings, "reload_units", lambda: None)
    ends = dict.fromkeys(meetings.ENDS, lambda: 0) | {"jicofo.service": lambda: 1}
    monkeypatch.setattr(meetings, "ENDS", ends)
    return tmp_path


def held(host):
    return {path.parent.name.removesuffix(".service.d") for path in host.glob("*.d/meetings.conf")}


def test_packages_restart_what_holds_no_meeting(host):
    meetings.hold()
    assert held(host) == {"jicofo"}
    assert "in jicofo.service|jicofo)" in meetings.POLICY.read_text()
    meetings.release()
    assert held(host) == set()
    assert not meetings.POLICY.exists()


def test_packages_of_a_deployment_restart_nothing(host):
    """Which has written its own policy, that stays."""
    meetings.POLICY.write_text("#!/bin/sh\nexit 101\n")
    meetings.hold()
    # All but nginx, which changes to new files without ending a connection.
    assert held(host) == {
        *("prosody", "jicofo", "jitsi-videobridge2", "coturn", "jigasi", "dial-in-ivr"),
        *("jibri", "jibri-icewm", "jibri-sound", "jibri-xorg"),
    }
    meetings.release()
    assert held(host) == set()
    assert meetings.POLICY.exists()
