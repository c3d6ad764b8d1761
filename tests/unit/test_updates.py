"""Program updates: what it does in a window, what it leaves for the next one, and what it says is open."""

import importlib.machinery
import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "roles/updates/files/updates"
spec = importlib.util.spec_from_loader("updates", importlib.machinery.SourceFileLoader("updates", str(FILE)))
updates = importlib.util.module_from_spec(spec)
spec.loader.exec_module(updates)

TRACKER = "https://tracker.example/debsecan"


class Host:
    """A host whose programs answer from what is set here; `did` is what changed on it, `clock` its seconds."""

    def __init__(self, folder):
        self.old, self.kernel, self.meetings, self.stubborn = set(), "", {}, set()
        self.broken, self.weak, self.did, self.clock = "", "", [], 0
        (folder / "updates.json").write_text(json.dumps({"seconds": 3600, "reboots": True, "tracker": TRACKER}))
        self.programs = {
            "flock": lambda *_: "", "unattended-upgrade": self.install, "needrestart": self.needrestart,
            updates.MEETINGS: self.count, "systemctl": self.systemctl, "debsecan": lambda *_: self.weak,
        }  # fmt: skip

    def install(self):
        self.did.append("install")
        return ""

    def needrestart(self, *_):
        kernel = f"NEEDRESTART-KEXP: {self.kernel}\nNEEDRESTART-KSTA: 3\n" if self.kernel else "NEEDRESTART-KSTA: 1\n"
        return "NEEDRESTART-VER: 3.6\n" + kernel + "".join(f"NEEDRESTART-SVC: {unit}\n" for unit in sorted(self.old))

    def count(self, _, *units):
        held = [self.meetings.get(unit, 0) for unit in units or self.meetings]
        assert None not in held
        return str(max(held, default=0))

    def systemctl(self, verb, unit=""):
        self.did.append(f"{verb} {unit}".strip())
        self.old -= {unit} - self.stubborn

    def run(self, *command):
        try:
            assert command[0] != self.broken
            answer = self.programs[command[0]](*command[1:])
        except AssertionError:
            return subprocess.CompletedProcess(command, 1, "", "does not work")
        return subprocess.CompletedProcess(command, 0, answer, "")

    def sleep(self, seconds):
        self.clock += seconds
        self.meetings = {unit: 0 for unit in self.meetings} if self.clock >= 600 else self.meetings


@pytest.fixture
def host(monkeypatch, tmp_path):
    host = Host(tmp_path)
    monkeypatch.setattr(updates, "SETTINGS", tmp_path / "updates.json")
    monkeypatch.setattr(updates, "STATE", tmp_path / "state/state.json")
    monkeypatch.setattr(updates, "run", host.run)
    monkeypatch.setattr(updates.time, "monotonic", lambda: host.clock)
    monkeypatch.setattr(updates.time, "sleep", host.sleep)
    monkeypatch.setattr(updates.platform, "freedesktop_os_release", lambda: {"VERSION_CODENAME": "trixie"})
    return host


def state():
    return json.loads(updates.STATE.read_text())


def test_a_daemon_with_meetings_is_restarted_when_they_are_over(host):
    host.old, host.meetings = {"prosody.service", "ssh.service", "user@0.service"}, {"prosody.service": 2}
    updates.window(3600, reboots=False)
    assert host.did == ["install", "try-restart ssh.service", "try-restart prosody.service"]
    assert host.clock == 600
    assert state()["open"] == {}


def test_systemd_itself_is_executed_anew(host):
    host.old = {"systemd-manager"}
    updates.window(3600, reboots=False)
    assert host.did == ["install", "daemon-reexec"]


def test_meetings_that_outlast_the_window_leave_their_daemon_for_the_next_one(host):
    host.old, host.meetings = {"prosody.service"}, {"prosody.service": 2}
    updates.window(300, reboots=False)
    assert host.did == ["install"]
    assert host.clock < 300
    assert list(state()["open"]) == ["prosody.service runs code from before an update"]


def test_a_daemon_that_does_not_say_what_it_holds_is_left_alone(host):
    host.old, host.meetings = {"jigasi.service"}, {"jigasi.service": None}
    updates.window(300, reboots=False)
    assert host.did == ["install"]


def test_a_daemon_that_stays_old_is_restarted_once(host):
    host.old = host.stubborn = {"ssh.service"}
    updates.window(3600, reboots=False)
    assert host.did == ["install", "try-restart ssh.service"]
    assert host.clock == 0, "nothing is left that a later round could do"


@pytest.mark.parametrize(
    ("reboots", "meetings", "seconds", "did"),
    [
        (True, {}, 3600, ["install", "reboot"]),
        (True, {"prosody.service": 1}, 3600, ["install", "reboot"]),
        (True, {"prosody.service": 1}, 300, ["install"]),
        (True, {"prosody.service": None}, 300, ["install"]),
        (False, {}, 3600, ["install"]),
    ],
    ids=["idle", "after the meeting", "meeting goes on", "not known", "not chosen"],
)
def test_a_host_reboots_where_it_was_chosen_and_ends_no_meeting(host, reboots, meetings, seconds, did):
    host.kernel, host.meetings = "6.12.57+deb13", meetings
    updates.window(seconds, reboots=reboots)
    assert host.did == did
    assert list(state()["open"]) == ["kernel 6.12.57+deb13 waits for a reboot"]


@pytest.mark.parametrize("broken", ["flock", "unattended-upgrade"])
def test_updates_that_cannot_be_installed_are_told_and_the_rest_is_done(host, broken, capsys):
    host.broken, host.old = broken, {"ssh.service"}
    with pytest.raises(SystemExit) as ended:
        updates.window(3600, reboots=False)
    assert ended.value.code == 1
    assert "try-restart ssh.service" in host.did
    assert f"updates: {broken}" in capsys.readouterr().out
    assert state()["failed"] is True


def test_what_is_open_keeps_the_date_on_which_it_was_first_seen(host):
    host.weak, host.old = "openssl\nlibexpat1\n", {"prosody.service"}
    updates.STATE.parent.mkdir()
    since = {"the security update of openssl is not installed": "2026-01-02", "gone": "2026-01-01"}
    updates.STATE.write_text(json.dumps({"failed": False, "open": since}))
    seen = updates.status(failed=False)
    today = seen["open"].pop("prosody.service runs code from before an update")
    assert today > "2026-01-02"
    assert seen == {"failed": False, "unknown": "", "open": {
        "the security update of libexpat1 is not installed": today,
        "the security update of openssl is not installed": "2026-01-02",
    }}  # fmt: skip


def test_a_tracker_that_does_not_answer_is_named(host):
    host.broken = "debsecan"
    assert updates.status(failed=False)["unknown"] == f"{TRACKER} does not answer debsecan"


def test_no_tracker_is_asked_where_none_is_set(host):
    updates.SETTINGS.write_text(json.dumps({"tracker": ""}))
    host.broken = "debsecan"
    assert updates.status(failed=False)["unknown"] == ""


@pytest.mark.parametrize("damaged", ["", "[]", '{"open": 3}', "{"])
def test_a_damaged_state_is_none(host, damaged):
    updates.STATE.parent.mkdir()
    updates.STATE.write_text(damaged)
    host.old = {"ssh.service"}
    assert list(updates.status(failed=False)["open"]) == ["ssh.service runs code from before an update"]
