"""What an operator sees of a run: on a terminal and in a pipe, when it ends well, fails, asks and is broken off."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from contract import ROOT
from terminal import Terminal

HIDDEN = "what-nobody-may-read"
PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
HOSTS = ["acme-meet", "acme-jvb-1", "acme-jvb-2"]
GROUPS = {"meet": {"hosts": {HOSTS[0]: {}}}, "videobridges": {"hosts": {HOSTS[1]: {}, HOSTS[2]: {}}}}
CLOCK = r"\d+:\d\d"


def say(text):
    return {"name": "Say it", "ansible.builtin.debug": {"msg": text}}


def fail(text, **more):
    return {"name": "Install the bridge", "ansible.builtin.fail": {"msg": text}, **more}


def stage(*tasks, name="Run the bridges", hosts="videobridges", **more):
    return {"name": name, "hosts": hosts, "gather_facts": False, "tasks": list(tasks), **more}


@pytest.fixture
def wait(tmp_path):
    """A task that runs until the test lets it end."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library/gate.py").write_text(
        "#!/usr/bin/python3\nimport time, pathlib\n"
        f"while not pathlib.Path({str(tmp_path / 'go')!r}).exists():\n    time.sleep(0.05)\n"
        "print('{\"changed\": true}')\n"
    )
    yield {"name": "Wait for the packages", "gate": {}}
    (tmp_path / "go").touch()


@pytest.fixture
def command(tmp_path):
    """Writes a customer's folder and a playbook; gives the words that run it, their environment and a folder."""

    def write(*stages, **environment):
        variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        (tmp_path / "plan.yml").write_text(json.dumps({"jitsi": {"children": GROUPS, "vars": variables}}))
        (tmp_path / "play.yml").write_text(json.dumps(stages))
        cleared = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "ANSIBLE_NOCOLOR", "FORCE_COLOR")}
        chosen = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_STDOUT_CALLBACK": "progress"}
        chosen |= {
            "ANSIBLE_LIBRARY": str(tmp_path / "library"),
            "JITSI_VAULT_PASSWORD_FILE": str(tmp_path / "password"),
            "ANSIBLE_INVENTORY_ENABLED": "yaml",  # a customer's plan has no variables
        }
        return [PLAYBOOK, "-i", tmp_path / "plan.yml", tmp_path / "play.yml"], cleared | chosen | environment, tmp_path

    return write


@pytest.fixture
def terminal(command):
    """Runs the playbook on a terminal."""
    with contextlib.ExitStack() as opened:
        yield lambda *stages, **environment: opened.enter_context(
            contextlib.closing(Terminal(*command(*stages, **environment)))
        )


@pytest.fixture
def pipe(command):
    def run(*stages):
        words, environment, folder = command(*stages)
        return subprocess.run(words, env=environment, cwd=folder, text=True, capture_output=True, check=False)

    return run


def log(folder):
    return (folder / "state/run.log").read_text()


def test_a_terminal_shows_what_runs_and_what_it_waits_for(terminal, wait, tmp_path):
    write = {"name": "Write", "ansible.builtin.copy": {"content": "new line\n", "dest": str(tmp_path / "file")}}
    write["when"] = "inventory_hostname == 'acme-jvb-1'"
    url = "Conference: https://meet.acme.example"
    shown = terminal(stage(say(url), write, wait), stage(say("x"), name="Sum up"), ANSIBLE_DIFF_ALWAYS="1")
    now = shown.until(lambda text: "waits for acme-jvb-1, acme-jvb-2" in text and f"{wait['name']}" in text)
    head, task, bar = now.splitlines()[-3:]
    assert re.fullmatch(rf". Run the bridges  videobridges: acme-jvb-1, acme-jvb-2 +{CLOCK}", head)
    assert re.fullmatch(rf"  Wait for the packages  waits for acme-jvb-1, acme-jvb-2 +{CLOCK}", task)
    assert re.fullmatch(rf"  ━.* 50% +{CLOCK}", bar)
    shown.until(lambda text: re.search(r"\d+:(?!00$)\d\d$", text))  # the clocks run
    (tmp_path / "go").touch()
    assert shown.end() == 0
    assert shown.cursor
    lines = shown.shown.splitlines()
    assert re.fullmatch(rf"✓ Run the bridges  videobridges: acme-jvb-1, acme-jvb-2 +3 changes +{CLOCK}", lines[0])
    assert re.fullmatch(rf"✓ Sum up  videobridges: acme-jvb-1, acme-jvb-2 +{CLOCK}", lines[1])
    assert lines[2:6] == ["", url, "", "x"]
    assert re.fullmatch(rf"Done in {CLOCK}, 3 changes\.", lines[-2])
    assert lines[-1] == "Full log: state/run.log"
    assert "PLAY RECAP" in log(tmp_path)
    assert "\n+new line\n" in log(tmp_path)
    assert "new line" not in shown.shown
    assert "\x1b[3" in shown.coloured
    assert "\x1b" not in log(tmp_path)


def test_a_terminal_without_colours(terminal):
    shown = terminal(stage(fail("No space.")), NO_COLOR="1")
    assert shown.end() == 2
    assert "No space." in shown.shown
    assert re.findall(r"\x1b\[[0-9;]*[34][0-8][0-9;]*m", shown.raw.decode()) == []


def test_a_pipe_gets_a_line_where_a_stage_begins_and_ends(pipe, tmp_path):
    done = pipe(stage(say("hello"), name="Judge", hosts="meet"), stage(fail("{{ inventory_hostname }}: no space.")))
    assert done.returncode == 2
    lines = re.sub(CLOCK, "T", done.stdout).splitlines()
    assert [line.strip() for line in lines[:4]] == [
        "T  begin   Judge [meet: acme-meet]",
        "T  done    Judge (T)",
        "T  begin   Run the bridges [videobridges: acme-jvb-1, acme-jvb-2]",
        "T  failed  Run the bridges (T)",
    ]
    assert lines[4:9] == ["", "hello", "", "✗ Install the bridge failed on acme-jvb-1, acme-jvb-2", lines[8]]
    assert re.fullmatch(r"  acme-jvb-[12]: no space\.", lines[8])  # whichever was first
    assert done.stdout.count("no space.") == 1
    excerpt = re.findall(r"^ +(\d+)  (.+)$", done.stdout.split("From the log:\n")[1], re.MULTILINE)
    assert excerpt[0][1].startswith("TASK [Install the bridge]")
    assert {number: log(tmp_path).splitlines()[int(number) - 1] for number, _ in excerpt} == dict(excerpt)
    assert lines[-3:-1] == [
        "Failed after T, no changes.",
        "Run the same again when the cause is gone: it goes on from there.",
    ]
    assert lines[-1] == "Full log: state/run.log"
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
    assert log(tmp_path).count("no space.") >= 2


def test_what_is_rescued_or_ignored_is_no_failure(pipe):
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    rescued = {"name": "Try it", "block": [fail("first")], "rescue": [say("second")]}
    outer = {"name": "Outside", "block": [rescued, {"name": "In", "block": [fail("third")]}], "rescue": [say("4th")]}
    asked = {"name": "Ask", "ansible.builtin.ping": {}, "ignore_unreachable": True, "vars": away}
    done = pipe(stage(outer, fail("fifth", ignore_errors=True), asked))
    assert done.returncode == 0, done.stdout
    assert "✗" not in done.stdout
    assert re.search(r"^Done in .*\nFull log: .*\n\Z", done.stdout, re.MULTILINE)
    assert "second\n\n4th" in done.stdout


def test_a_host_that_cannot_be_reached_and_a_failing_rescue_are(pipe):
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    block = {"name": "Try it", "block": [fail("first")], "rescue": [fail("second")]}
    asked = {"name": "Ask", "ansible.builtin.ping": {}, "vars": away, "when": "inventory_hostname == 'acme-jvb-2'"}
    done = pipe(stage(asked, block))
    assert done.returncode != 0
    assert "✗ Ask could not reach acme-jvb-2\n" in done.stdout
    assert "Connection refused" in done.stdout
    assert "Look at: openstack server show acme-jvb-2; openstack console log show acme-jvb-2\n" in done.stdout
    assert "✗ Install the bridge failed on acme-jvb-1\n  second\n" in done.stdout
    assert done.stdout.count("✗") == 2


def test_a_dry_run_that_fails_in_a_loop(command):
    loop = {"loop": [{"name": "a"}, {"name": "b"}], "loop_control": {"label": "{{ item.name }}"}}
    looks = {"name": "Look", "ansible.builtin.command": "test {{ item.name }} = a", "check_mode": False, **loop}
    words, environment, folder = command(stage(looks))
    done = subprocess.run([*words, "--check"], env=environment, cwd=folder, text=True, capture_output=True, check=False)
    assert "\n✗ Look failed on acme-jvb-1, acme-jvb-2\n  b: The command exited with a non-zero" in done.stdout
    assert re.search(r"^ +\d+  changed: \[acme-jvb-\d\] => \(item=a\)$", done.stdout, re.MULTILINE)
    assert re.search(rf"^Failed after {CLOCK}, no changes to make \(dry run\)\.$", done.stdout, re.MULTILINE)


def test_a_secret_is_nowhere(pipe, tmp_path):
    hidden = {"name": "Hide", "ansible.builtin.command": f"sh -c 'echo {HIDDEN}; exit 1'", "no_log": True}
    done = pipe(stage({**hidden, "ignore_errors": True}, say("x"), hidden))
    assert done.returncode == 2
    assert "✗ Hide failed on acme-jvb-1, acme-jvb-2\n" in done.stdout
    assert HIDDEN not in done.stdout + done.stderr + log(tmp_path)
    assert (tmp_path / "state/run.log").stat().st_mode & 0o777 == 0o600


def test_the_terminal_is_left_to_a_question(terminal):
    asks = {"vars_prompt": [{"name": "sure", "prompt": "Type the name", "private": False}]}
    pause = {"name": "Ask", "ansible.builtin.pause": {"prompt": "Go on?"}, "register": "answer"}
    shown = terminal(
        stage(say("Begun."), name="Begin"),
        stage(say("{{ sure }} was typed."), **asks),
        stage(pause, say("{{ answer.user_input }} was said."), name="Ask again", hosts="meet"),
    )
    for question, answer in (("Type the name: ", "acme"), ("Go on?:", "yes")):
        shown.until(lambda text, question=question: question.strip() in text)
        now = shown.at_rest()
        assert now.splitlines()[-1].strip() in (question.strip(), ""), now
        assert now.count("━") == 0, now
        assert shown.cursor
        shown.type(f"{answer}\r")
    assert shown.end() == 0, shown.shown
    assert "acme was typed.\n\nyes was said.\n" in shown.shown
    assert shown.shown.splitlines()[-1] == "Full log: state/run.log"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 99), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_run_that_is_broken_off_leaves_a_terminal_and_a_log(terminal, wait, number, code):
    shown = terminal(stage(wait))
    shown.until(lambda text: "waits for acme-jvb-1, acme-jvb-2" in text)
    shown.signal(number)
    assert shown.end() == code
    assert shown.cursor
    lines = shown.shown.splitlines()
    assert "━" not in shown.shown
    assert [line for line in lines if line.startswith("■ Run the bridges  videobridges: ")]
    assert re.fullmatch(rf"Stopped after {CLOCK}, no changes\. It was at: Run the bridges, {wait['name']}\.", lines[-3])
    assert lines[-1] == "Full log: state/run.log"


def test_ansible_gives_up(terminal):
    shown = terminal(stage(say("Begun."), name="Begin"), stage(say("x"), hosts="{{ nothing }}"))
    assert shown.end() != 0
    assert "'nothing' is undefined" in shown.shown
    assert re.search(r"^Stopped after ", shown.shown, re.MULTILINE)
    assert "━" not in shown.shown


def test_a_deferred_restart_is_said_and_has_its_exit_code(pipe, tmp_path):
    (tmp_path / "library").mkdir()
    told = {"changed": False, "warnings": ["The zone stays."]}
    told["restart"] = {"unit": "jicofo.service", "needed": True, "ends": "holds 1 of meetings", "reads": []}
    (tmp_path / "library/held.py").write_text(f"#!/usr/bin/python3\nprint({json.dumps(told)!r})\n")
    done = pipe(stage({"name": "Run jicofo", "held": {}}, hosts="meet"))
    assert done.returncode == 3
    assert "\nacme-meet: jicofo.service is not restarted: it holds 1 of meetings.\n" in done.stdout
    assert "\nWarning: The zone stays.\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "Full log: state/run.log"
    assert "is not restarted" in log(tmp_path)


def test_the_log_lies_where_the_customer_keeps_what_runs_leave(pipe, tmp_path):
    GROUPS["meet"]["hosts"]["acme-meet"] = {"state_folder": "{{ inventory_dir }}/elsewhere"}
    try:
        done = pipe(stage(say("x")))
    finally:
        GROUPS["meet"]["hosts"]["acme-meet"] = {}
    assert done.stdout.splitlines()[-1] == "Full log: elsewhere/run.log"
    assert "PLAY RECAP" in (tmp_path / "elsewhere/run.log").read_text()
