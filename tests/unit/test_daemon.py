"""Action daemon: what is done by what systemd and the files say. That it is done is part of every molecule run."""

import importlib.util
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

FILE = Path(__file__).parents[2] / "action_plugins/daemon.py"
spec = importlib.util.spec_from_file_location("daemon", FILE)
daemon = importlib.util.module_from_spec(spec)
spec.loader.exec_module(daemon)

BEFORE, START, BETWEEN, RELOAD, AFTER = (daemon.seconds(f"Sat 2026-11-28 17:17:0{n}.500000 UTC") for n in range(1, 6))
RUNS = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
    "WantedBy": "multi-user.target",
    "ConditionResult": "yes",
    "ConditionTimestamp": "Sat 2026-11-28 17:17:02.400000 UTC",
    "ExecMainStartTimestamp": "Sat 2026-11-28 17:17:02.500000 UTC",
    "ActiveEnterTimestamp": "Sat 2026-11-28 17:17:02.600000 UTC",
    "StateChangeTimestamp": "Sat 2026-11-28 17:17:04.500000 UTC",
}
REFUSED = {**RUNS, "ActiveState": "inactive", "ConditionResult": "no", "ExecMainStartTimestamp": ""}
ALWAYS = {"daemon_reload": True, "enabled": True}


def answer(unit, files=(), reload_files=(), service=None):
    lines = [f"{key}={value}" for key, value in unit.items()]
    lines += ["", *(f"{key}={value}" for key, value in (service or {}).items())]
    lines += [f"files {time}" for time in files] + [f"reload_files {time}" for time in reload_files]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("unit", "files", "reload_files"),
    [
        (RUNS, [], []),
        (RUNS, [BEFORE], [BEFORE]),
        (RUNS, [BEFORE], [BETWEEN]),
        (RUNS | {"UnitFileState": "static", "WantedBy": ""}, [], []),
        (RUNS | {"UnitFileState": "generated"}, [], []),
        (RUNS | {"ExecMainStartTimestamp": ""}, [BEFORE], []),
        (REFUSED, [BEFORE], []),
    ],
    ids=["no files", "files before", "reloaded since", "static", "of an init script", "timer", "not meant for here"],
)
def test_nothing_is_done_where_all_is_well(unit, files, reload_files):
    assert daemon.needed(answer(unit, files, reload_files)) == {}


@pytest.mark.parametrize(
    ("unit", "files", "reload_files", "todo"),
    [
        (RUNS, [BEFORE, BETWEEN], [], {"state": "restarted"}),
        (RUNS, [AFTER], [AFTER], {"state": "restarted"}),
        (RUNS, [BEFORE], [AFTER], {"state": "reloaded"}),
        (RUNS | {"ExecMainStartTimestamp": ""}, [BETWEEN], [], {"state": "restarted"}),
        (RUNS | {"ActiveState": "inactive"}, [], [], {"state": "started"}),
        (RUNS | {"ActiveState": "failed"}, [AFTER], [AFTER], {"state": "started"}),
        (REFUSED, [AFTER], [], {"state": "started"}),
        (REFUSED | {"ConditionTimestamp": ""}, [], [], {"state": "started"}),
        (RUNS | {"UnitFileState": "disabled"}, [], [], {}),
        (RUNS | {"UnitFileState": "generated", "WantedBy": ""}, [], [], {}),
        (REFUSED | {"UnitFileState": "disabled"}, [AFTER], [], {"state": "started"}),
    ],
    ids=[
        "written since the start", "written since both", "written since the reload", "timer", "stopped", "failed",
        "written since systemd refused", "never tried", "disabled", "init script disabled", "new",
    ],
)  # fmt: skip
def test_what_is_needed_is_done(unit, files, reload_files, todo):
    assert daemon.needed(answer(unit, files, reload_files)) == todo | ALWAYS


def test_what_its_service_says_is_not_said_of_a_timer():
    timer = RUNS | {"ExecMainStartTimestamp": ""}
    assert daemon.needed(answer(timer, [BEFORE], service=REFUSED)) == {}


# --- what a unit has read is known by its checksum, once it was seen to run with it

SUM, OTHER = "sum abc", "sum def"
STARTED = daemon.seconds(RUNS["ExecMainStartTimestamp"])
RECORD = f"started {STARTED:.6f} with abc"
OF_BEFORE = "started 1.000000 with abc"


@pytest.mark.parametrize(
    ("files", "now", "record", "restarted"),
    [
        ([AFTER], SUM, RECORD, False),
        ([BEFORE], OTHER, RECORD, True),
        ([AFTER], OTHER, RECORD, True),
        ([AFTER], SUM, OF_BEFORE, True),
        ([BEFORE], OTHER, OF_BEFORE, False),
        ([AFTER], SUM, "", True),
    ],
    ids=[
        "written again with the same content", "another content of an older time", "another content",
        "the same content as before another start", "read at a start that nobody recorded", "never recorded",
    ],
)  # fmt: skip
def test_content_decides_where_it_is_known(files, now, record, restarted):
    todo = daemon.needed("\n".join([answer(RUNS, files), now, record]))
    assert (todo.get("state") == "restarted") == restarted


def test_what_was_read_is_what_is_remembered():
    asked = "\n".join([answer(RUNS), "sum abc  -"])
    assert daemon.state_of(asked) == RECORD
    assert daemon.recorded(f"{asked}\n{RECORD}\n") == RECORD


def test_files_of_the_host_are_read_as_they_are(tmp_path):
    """The question itself, without systemd: checksum, times and packages of this machine."""
    (tmp_path / "a.conf").write_text("a")
    paths = {"files": [str(tmp_path), "/nonexistent"], "reload_files": []}
    record = tmp_path / "record"

    def ask():
        words = daemon.question(["x.service"], paths, ["dpkg=1"], str(record)).split("; ", 1)[1]
        return subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=True).stdout

    first = ask()
    (tmp_path / "a.conf").write_text("a")
    assert daemon.state_of(ask()) == daemon.state_of(first) != ""
    (tmp_path / "a.conf").write_text("b")
    assert daemon.state_of(ask()) != daemon.state_of(first)
    assert daemon.missing(["dpkg=1"], first) == ["dpkg=1"]
    installed = next(line for line in first.splitlines() if line.startswith("package "))
    assert daemon.missing([installed.removeprefix("package ")], first) == []


def test_another_version_needs_a_restart():
    there = answer(RUNS, [BEFORE]) + "\npackage jicofo=1.0-1\n"
    assert daemon.needed(there, ["jicofo=1.0-1"]) == {}
    assert daemon.needed(there, ["jicofo=1.0-2"])["state"] == "restarted"


# --- no run ends a meeting unasked


class Host(daemon.ActionModule):
    """The action on a host that answers as told; what it would have done is written down."""

    def __init__(self, said, *, holds="0", silent=False, check=False, **args):
        self._task = SimpleNamespace(args={"name": "jicofo.service", **args}, check_mode=check, async_val=0)
        self.said, self.holds, self.silent, self.done = said, holds, silent, []

    def _low_level_execute_command(self, command):
        self.asked = [*getattr(self, "asked", []), command]
        if "count" not in command:
            return {"stdout": self.said, "rc": 0}
        return {"stdout": "" if self.silent else f"{self.holds}\n", "stderr": "it answers 500", "rc": int(self.silent)}

    def _execute_module(self, module, module_args, task_vars):
        self.done.append((module.rpartition(".")[2], module_args.get("state") or module_args.get("name")))
        return {"changed": True}

    def run(self, **variables):
        daemon.ActionBase.run, kept = lambda *_: {}, daemon.ActionBase.run
        try:
            return super().run(task_vars=variables)
        finally:
            daemon.ActionBase.run = kept


NEW = answer(RUNS, [AFTER]) + "\npackage jicofo=1.0-1\n"
RESTARTED = ("systemd_service", "restarted")


def test_a_daemon_without_meetings_is_restarted():
    host = Host(NEW)
    assert host.run()["changed"]
    assert host.done == [RESTARTED]


def test_a_daemon_with_meetings_is_left_alone_and_so_is_its_package():
    host = Host(NEW, holds="2", packages=["jicofo=1.0-2"], ready=["true"])
    told = host.run()
    assert (told["changed"], told["restart"]["needed"], host.done) == (False, True, [])
    assert told["restart"]["ends"].startswith("holds 2")


def test_who_does_not_say_what_it_holds_is_left_alone():
    host = Host(NEW, silent=True)
    assert "it answers 500" in host.run()["restart"]["ends"]
    assert host.done == []


def test_now_is_now():
    host = Host(NEW, holds="2", packages=["jicofo=1.0-2"], ready=["true"])
    assert host.run(restarts="now")["changed"]
    assert host.done == [("apt", ["jicofo=1.0-2"]), RESTARTED, ("command", None)]


def test_anything_else_than_now_is_refused():
    host = Host(NEW, holds="0")
    assert "restarts=now" in host.run(restarts="later")["msg"]
    assert host.done == []


@pytest.mark.parametrize(
    ("said", "state"),
    [(answer(RUNS | {"ActiveState": "failed"}, [AFTER]), "started"), (answer(RUNS, [], [AFTER]), "reloaded")],
)
def test_who_does_not_run_or_needs_a_reload_only_is_not_asked(said, state):
    host = Host(said, holds="2")
    assert "restart" not in host.run()
    assert host.done == [("systemd_service", state)]


def test_a_dry_run_says_what_a_restart_would_end():
    told = Host(answer(RUNS, [BEFORE]), holds="2", check=True, files=["/etc/x"]).run()
    assert (told["changed"], told["restart"]["needed"]) == (False, False)
    assert told["restart"]["ends"].startswith("holds 2")
    assert "/etc/x" in told["restart"]["reads"]
    assert Host(answer(RUNS, [], [AFTER]), holds="2", check=True).run()["changed"]  # a reload, which ends nothing


def test_a_units_own_files_and_drop_ins_are_looked_at():
    host = Host(answer(RUNS, []))
    host.run()
    for path in ("/etc/systemd/system/jicofo.service", "/etc/systemd/system/jicofo.service.d"):
        assert path in host.asked[0].split(), path
