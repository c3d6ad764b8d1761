"""The journal of runs: what is kept of one, and what the history shows of those that ended, run and were killed."""

import json
import os
import signal
import subprocess
import sys

import pytest

from toolkit.runs.entry import entry, own_playbooks
from toolkit.runs.journal import Record
from toolkit.runs.lock import LockedError, hold, holder
from toolkit.runs.run_history import run_history

ARGUMENTS = {"subset": "acme-jvb-1", "tags": ("all",), "skip_tags": (), "check": False, "become_ask_pass": True}


def begun(**more):
    return entry(["site"], ARGUMENTS, {}) | {"began": "2026-11-30 20:00:00 UTC", "who": "anna on ops", **more}


@pytest.fixture
def other(tmp_path):
    """Runs a line of Python in another process, which then waits until the test ends or kills it."""
    started = []

    def run(line):
        code = "import sys; from pathlib import Path; from toolkit.runs.journal import Record\n"
        code += "from toolkit.runs.lock import hold; from toolkit.runs.entry import entry\n"
        code += f"folder = Path({str(tmp_path)!r}); mine = entry(['site'], {{}}, {{}})\n"
        process = subprocess.Popen(
            [sys.executable, "-c", f"{code}kept = {line}\nprint('ready', flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_an_entry_has_no_secret():
    extra = {"retire": "acme", "jitsi_seed": "hunter2", "restarts": "now"}
    kept = entry(["site"], {**ARGUMENTS, "ssh_common_args": "-o x=hunter2", "tags": ("turn",)}, extra)
    assert kept["arguments"] == {
        "subset": "acme-jvb-1",
        "tags": ("turn",),
        "jitsi_seed": "(not kept)",
        "restarts": "now",
        "retire": "acme",
    }
    assert kept["verb"] == "deploy"
    assert kept["process"] == os.getpid()
    assert "hunter2" not in json.dumps(kept)


def test_who_is_behind_sudo(monkeypatch):
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.setenv("SUDO_USER", "anna")
    assert begun()["who"] == "anna on ops"
    assert entry([], {}, {})["who"].startswith("anna as root on ")


def test_playbooks_of_others_are_not_ours(tmp_path):
    assert own_playbooks(["playbooks/site.yml", str(tmp_path / "playbooks/site.yml"), "site.yml"]) == ["site"]


def test_a_folder_without_runs(tmp_path):
    assert run_history(str(tmp_path)) == "No run is recorded yet."


def test_the_history_tells_what_ended_what_runs_and_what_was_killed(tmp_path, other):
    Record(tmp_path, begun(arguments={"tags": ["turn", "web"], "restarts": "now"}, revision="abc")).end("failed")
    killed, _running = other("Record(folder, mine)"), other("Record(folder, mine)")
    assert [line.split()[4] for line in run_history(str(tmp_path)).splitlines()[2:]] == ["runs", "runs"]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    head, ended, *rest = run_history(str(tmp_path)).splitlines()
    assert head.split() == ["BEGAN", "VERB", "RESULT", "TOOK", "WHO", "REVISION", "ARGUMENTS"]
    assert ended.split() == [
        *("2026-11-30", "20:00:00", "UTC", "deploy", "failed", "0:00", "anna", "on", "ops", "abc"),
        *("tags=turn,web", "restarts=now"),
    ]
    assert [line.split()[4] for line in rest] == ["killed", "runs"]


def test_a_line_that_was_cut_off_is_none_and_no_terminal_obeys_another(tmp_path):
    Record(tmp_path, begun(who="\x1b[31mred", revision="x")).end("done")
    (file,) = (tmp_path / "runs").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "\x1b" not in run_history(str(tmp_path))
    file.write_text(file.read_text()[:-5])
    assert "killed" in run_history(str(tmp_path))
    file.write_text("[]\n")
    assert run_history(str(tmp_path)).splitlines()[1].split()[:2] == [file.stem, "killed"]


def test_one_run_at_a_time_and_a_killed_one_does_not_count(tmp_path, other):
    assert holder(tmp_path) == ""
    first = other("hold(folder, mine)")
    with pytest.raises(LockedError) as refused:
        hold(tmp_path, begun())
    assert f"(process {first.pid}) has been running deploy since 20" in str(refused.value)
    assert holder(tmp_path) == str(refused.value)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert holder(tmp_path) == ""
    with hold(tmp_path, begun()) as lock:
        assert json.loads((tmp_path / "lock").read_text())["who"] == "anna on ops"
        assert not os.get_inheritable(lock.fileno())


def test_a_lock_that_says_nothing_yet(tmp_path, other):
    other("hold(folder, mine)")
    (tmp_path / "lock").write_text("")
    with pytest.raises(LockedError, match="another run has just begun for this customer"):
        hold(tmp_path, begun())
