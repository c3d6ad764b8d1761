"""Action daemon: what is done by what systemd and the files say. That it is done is part of every molecule run."""

import importlib.util
from pathlib import Path

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
