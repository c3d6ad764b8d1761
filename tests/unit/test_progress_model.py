"""The model of a run: stages, hosts, durations, errors, and how much is done."""

from pathlib import Path

import pytest

from toolkit.display.log import RunLog
from toolkit.display.model import Run, duration, listed, plain
from toolkit.display.results import LINES, adds, error_text, notes
from toolkit.display.where_to_look import where_to_look

HOSTS = ["acme-jvb-1", "acme-jvb-2", "acme-jvb-10"]


class Clock:
    """Time as the test has it pass."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(clock):
    """A run of three stages: 2, 0 and 8 tasks."""
    return Run({"judge": 2, "none": 0, "bridges": 8}, clock)


def begin(run, key="bridges", batch=HOSTS, hosts=HOSTS, group="videobridges"):
    return run.begin_stage(key, "Run the bridges", group, batch, hosts)


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (187, "3:07"), (3787, "1:03:07")])
def test_a_duration_reads_as_a_clock(seconds, shown):
    assert duration(seconds) == shown


def test_many_names_are_cut():
    assert listed("ab") == "a, b"
    assert listed("abcde") == "a, b, c and 2 more"


def test_a_server_cannot_take_hold_of_the_terminal():
    assert plain("\x1b[31mred\x1b[0m \x1b]0;title\x07\tcarriage\r\nreturn\x9b2J") == "red ]0;title\tcarriage\nreturn2J"


def test_a_stage_lasts_until_the_next_one(run, clock):
    first = begin(run, "judge")
    clock.now += 7
    second = begin(run)
    clock.now += 2
    assert (first.ended - first.began, second.ended, run.stage, run.elapsed) == (7, None, second, 9)
    run.end_stage()
    assert run.stage is None


@pytest.mark.parametrize(
    ("group", "hosts", "where"),
    [
        ("videobridges", HOSTS, "videobridges: acme-jvb-1, acme-jvb-2, acme-jvb-10"),
        ("", ["acme-meet"], "acme-meet"),
        ("localhost", ["localhost"], "localhost"),
    ],
)
def test_a_stage_names_its_group_and_hosts(run, group, hosts, where):
    assert begin(run, hosts=hosts, group=group).where == where


def test_a_task_waits_for_the_hosts_that_have_not_answered(run):
    begin(run)
    run.begin_task("Install the bridge")
    for host in HOSTS:
        run.wait_for(host)
    run.answer("acme-jvb-1", changed=True)
    run.wait_for("acme-jvb-2", "try 2 of 5")
    assert run.task.waits_for == "acme-jvb-2 (try 2 of 5), acme-jvb-10"
    assert (run.changes, run.stage.changes) == (1, 1)


def test_the_bar_follows_tasks_and_stages_and_never_runs_backwards(run):
    shown = [run.done]
    begin(run, "judge")
    for _ in range(9):  # more than were known: files of tasks are included while it runs
        run.begin_task("Judge")
        shown.append(run.done)
    begin(run, "unknown")
    shown.append(run.done)
    begin(run)
    for _ in range(8):
        run.begin_task("Install")
        shown.append(run.done)
    run.end_stage()
    shown.append(run.done)
    assert shown == sorted(shown)
    assert shown[:4] == [0, 0, 0.1, 0.2]
    assert shown[-2:] == [0.9, 1]


def test_batches_of_hosts_are_one_stage(run):
    for host in HOSTS:
        stage = begin(run, batch=[host])
        for _ in range(5):
            run.begin_task("Restart")
    assert run.stages == [stage]
    assert stage.done(8) == pytest.approx((2 + 0.5) / 3)


def test_one_error_is_said_once_with_all_its_hosts(run):
    begin(run)
    first = run.fail("acme-jvb-10", "Install", "failed on", "acme-jvb-10 has no space", "videobridge")
    assert run.fail("acme-jvb-2", "Install", "failed on", "acme-jvb-2 has no space", "videobridge") is None
    assert run.fail("a host beside", "Install", "failed on", "a host beside has no space", "videobridge") is None
    assert run.fail("acme-jvb-1", "Install", "failed on", "of another kind", "videobridge")
    assert run.errors[0] is first
    assert [error.hosts for error in run.errors] == [["acme-jvb-2", "acme-jvb-10", "a host beside"], ["acme-jvb-1"]]
    assert run.stage.failed


def test_what_several_hosts_say_is_noted_once(run):
    for text in ("a", "", "a", "b"):
        run.note(text)
    assert run.notes == ["a", "b"]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"msg": "No space.\nFix: delete something\n"}, "No space.\nFix: delete something"),
        ({"msg": ["first", "second"]}, "first\nsecond"),
        ({"msg": "rc 1", "stderr": "", "stdout": "it is\nbroken"}, "rc 1\nit is\nbroken"),
        ({"msg": "failed: broken", "stderr": "broken"}, "failed: broken"),
        ({"msg": "rc 1", "stderr": "line\n" * 99}, "rc 1" + "\nline" * LINES),
        ({"censored": "hidden", "stdout": ""}, "hidden"),
        ({}, "no message; see the log"),
    ],
)
def test_why_a_task_failed(result, text):
    assert error_text(result) == text


def test_lines_of_the_log_that_only_repeat_the_error():
    text = "No space left.\nrc 1"
    log = ["TASK [Install]", "", "[ERROR]: Task failed: No space left.", "    msg: |-", "        rc 1", "    arc 1: a"]
    assert [line for line in log if adds(line, text)] == ["TASK [Install]", "    msg: |-", "    arc 1: a"]


@pytest.mark.parametrize(
    ("action", "arguments", "result", "said"),
    [
        ("ansible.builtin.debug", {}, {"msg": ["Conference: x", "Servers: y"]}, ["Conference: x\nServers: y"]),
        ("ansible.builtin.debug", {}, {"results": [{"msg": "a"}, {"msg": "b"}]}, ["a", "b"]),
        ("ansible.builtin.debug", {}, {"censored": "hidden"}, []),
        ("ansible.builtin.assert", {"success_msg": "x"}, {"msg": "nothing to refuse"}, ["nothing to refuse"]),
        ("ansible.builtin.assert", {}, {"msg": "All assertions passed"}, []),
        ("ansible.builtin.apt", {}, {"msg": "x", "warnings": ["cache is old"]}, []),
        ("openstack_resources", {}, {"warnings": ["The zone stays."]}, ["Warning: The zone stays."]),
    ],
)
def test_what_the_operator_reads_of_a_result(action, arguments, result, said):
    assert notes(action, arguments, result) == said


def test_where_to_look_names_the_host_if_it_is_one():
    assert where_to_look("openstack_server", ["a"]) == "openstack server show a; openstack console log show a"
    assert "show HOST" in where_to_look("openstack_server", ["a", "b"])
    assert where_to_look("customer", ["a"]) == ""


def test_the_log_is_the_owners_alone_and_keeps_the_run_before(tmp_path):
    for number in range(3):
        log = RunLog()
        log.open(tmp_path / "state")
        log.write(f"run {number}\n")
    kept = {path.name: path.read_text() for path in (tmp_path / "state").iterdir()}
    assert kept == {"run.log": "run 2\n", "run.log.1": "run 1\n"}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()} == {0o600}
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_the_log_has_an_end(tmp_path):
    log = RunLog(most=100)
    log.open(tmp_path)
    for _ in range(99):
        log.write("0123456789\n")
    assert log.path.read_text() == "0123456789\n" * 9 + "The log ends here, for it has reached its size.\n"


def test_the_logs_lines_around_a_failure(tmp_path):
    log = RunLog()
    log.open(tmp_path)
    log.write("task before\n" * 9)
    since = log.size
    log.write("TASK [Install]\nok: [a]\n")
    size, lines = log.size, log.lines
    log.write("fatal: [b]\n")
    assert log.around(since, size, lines) == [(10, "TASK [Install]"), (11, "ok: [a]"), (12, "fatal: [b]")]
    assert log.path.read_text().splitlines()[10 - 1] == "TASK [Install]"


@pytest.mark.parametrize("folder", [None, Path("/proc/nowhere")])
def test_a_run_goes_on_without_a_log(folder):
    log = RunLog()
    log.open(folder)
    log.write("text\n")
    assert log.error
    assert log.around(0, 0, 0) == []
