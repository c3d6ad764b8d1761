"""scripts/users, run as make runs it. The servers are a stand-in here: what happens to them is molecule's business."""

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import yaml
from contract import ROOT, SEED, SETTINGS, environment, play, snapshot, write_customer

from toolkit.cli import users as program
from toolkit.secrets.account_purposes import account_purposes
from toolkit.secrets.secret_for import secret_for

FOREIGN = {"kind": "token", "issuer": "acme", "audience": "jitsi", "jwks_url": "https://id.acme.test/keys"}
PASSWORD = re.compile(r"user (\S+)  password (\S+)$", re.MULTILINE)


@pytest.fixture
def folder(tmp_path):
    return write_customer(tmp_path / "acme", SETTINGS | {"jitsi_plan": "team"})  # 5 seats


@pytest.fixture
def servers(tmp_path):
    """A program in ansible-playbook's place for the servers: notes how it was called, then does what `answer` says."""
    real = ROOT / ".venv/bin/ansible-playbook"
    program = tmp_path / "bin" / "python3"
    program.parent.mkdir()
    stand_in = program.with_name("ansible-playbook")
    stand_in.write_text(
        f'#!/bin/sh\ncase "$*" in *playbooks/users.yml*) echo "$*" >> {tmp_path}/calls; . {tmp_path}/answer;; esac\n'
        f'exec {real} "$@"\n'
    )
    stand_in.chmod(0o755)
    program.symlink_to(ROOT / ".venv/bin/python3")
    (tmp_path / "answer").write_text("exit 0\n")
    return tmp_path


def command(servers, folder, *words):
    return [str(servers / "bin/python3"), str(ROOT / "scripts/users"), str(folder), *words]


def users(servers, folder, **words):
    given = [f"{key}={value}" for key, value in words.items()]
    return subprocess.run(
        command(servers, folder, *given), text=True, capture_output=True, env=surroundings(folder), check=False
    )


def surroundings(folder):
    """The operator's environment, with a log file: nothing that is secret may reach it."""
    packages = next((ROOT / ".venv/lib").glob("python3.*/site-packages"))
    return environment(folder.parent) | {
        "PYTHONPATH": f"{ROOT}:{packages}",
        "ANSIBLE_LOG_PATH": str(folder.parent / "log"),
    }


def made(folder):
    file = folder / "group_vars/jitsi/accounts.yml"
    return yaml.safe_load(file.read_text())["jitsi_accounts"] if file.exists() else {}


def have(folder, **accounts):
    """Accounts made before: name=(moderator, number of issue)."""
    made = {name: {"moderator": moderator, "password": issue} for name, (moderator, issue) in accounts.items()}
    program.write(folder / "group_vars/jitsi/accounts.yml", made)


def refused(done, sentence):
    assert done.returncode != 0
    assert sentence in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not PASSWORD.search(done.stdout + done.stderr)


def test_a_new_account_is_written_brought_to_the_servers_and_shown_once(servers, folder):
    done = users(servers, folder, ACTION="add", NAME="carla", MODERATOR="no")
    assert done.returncode == 0, done.stdout + done.stderr
    [(name, password)] = PASSWORD.findall(done.stdout)
    assert name == "carla"
    assert made(folder)["carla"]["moderator"] is False
    assert password == secret_for(SEED, account_purposes(made(folder), [])["carla"])
    calls = (servers / "calls").read_text()
    assert calls == f"-i {folder} playbooks/users.yml\n"
    # The password went to the terminal and to no file; the folder is valid and the program leaves nothing else.
    assert password not in (servers / "log").read_text() + calls + "".join(
        path.read_text() for path in (folder / "group_vars").rglob("*") if path.is_file()
    )
    assert play(folder, "validate").returncode == 0
    assert sorted(path.name for path in (folder / "group_vars/jitsi").iterdir()) == [
        "accounts.yml",
        "main.yml",
        "vault.yml",
    ]
    assert (folder / "group_vars/jitsi/accounts.yml").read_text().startswith("---\n# Accounts made by `make users`")


def test_who_only_looks_needs_neither_the_servers_key_nor_the_clouds_login(servers, tmp_path):
    settings = SETTINGS | {"cloud_name": "theirs", "cloud_ssh_private_key_file": "/nowhere"}
    done = users(servers, write_customer(tmp_path / "other", settings))
    assert done.returncode == 0, done.stdout + done.stderr


def test_who_has_an_account_and_where_it_is_written(servers, folder):
    have(folder, anna=(True, 7), carla=(True, 1), dora=(False, 1))
    assert users(servers, folder).stdout.splitlines() == [
        "NAME   MODERATOR  WRITTEN IN",
        "anna   yes        main.yml and accounts.yml",
        "bernd  yes        main.yml",
        "carla  yes        accounts.yml",
        "dora   no         accounts.yml",
        "3 moderators, 5 seats in plan team",
    ]
    purposes = {"anna": "moderator/anna/7"} | {name: f"moderator/{name}" for name in ("bernd", "carla", "dora")}
    everybody = dict(PASSWORD.findall(users(servers, folder, ACTION="show").stdout))
    assert everybody == {name: secret_for(SEED, purpose) for name, purpose in purposes.items()}


def test_no_password_ever_comes_back():
    accounts, issues = {}, []
    for action in ("add", "reset", "reset", "remove", "add", "reset"):
        accounts = program.changed(accounts, {"ACTION": action, "NAME": "carla", "MODERATOR": "yes"})
        issues += [account["password"] for account in accounts.values()]
    assert 1 < issues[0] < issues[1] < issues[2]
    assert issues[3] >= issues[0], "the number of a removed account comes from the clock"


def test_a_removed_account_leaves_no_trace(servers, folder):
    have(folder, carla=(True, 1))
    assert users(servers, folder, ACTION="remove", NAME="carla").returncode == 0
    assert made(folder) == {}
    assert "carla" not in (folder / "group_vars/jitsi/accounts.yml").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"ACTION": "add", "NAME": "anna"}, "anna has an account already: ACTION=reset gives a new password."),
        ({"ACTION": "reset", "NAME": "zoe"}, "zoe has no account: ACTION=list shows who has one."),
        ({"ACTION": "remove", "NAME": "zoe"}, "zoe has no account: ACTION=list shows who has one."),
        ({"ACTION": "show", "NAME": "zoe"}, "zoe has no account: ACTION=list shows who has one."),
        (
            {"ACTION": "remove", "NAME": "anna"},
            "anna stands in jitsi_moderators of main.yml: take the name out there, then run make deploy.",
        ),
        ({"ACTION": "add", "NAME": "Anna"}, 'NAME is "Anna": write a login name such as anna (a-z, 0-9, . _ -).'),
        ({"ACTION": "add", "NAME": "../x"}, 'NAME is "../x": write a login name'),
        ({"ACTION": "add", "NAME": "a" * 64}, "write a login name"),
        ({"ACTION": "add", "NAME": "{{ x }}"}, "write a login name"),
        ({"ACTION": "add"}, "NAME is missing: write ACTION=add NAME=anna."),
        ({"ACTION": "delete", "NAME": "anna"}, "ACTION is delete: write one of list, show, add, reset, remove, seats."),
        ({"ACTION": "add", "NAME": "zoe", "MODERATOR": "maybe"}, "MODERATOR is maybe: write yes or no."),
        ({"NAEM": "zoe"}, "NAEM=zoe is no argument: write KEY=VALUE with a key of ACTION, NAME, MODERATOR."),
    ],
)
def test_what_makes_no_sense_is_refused_and_touches_nothing(servers, folder, words, sentence):
    before = snapshot(folder)
    refused(users(servers, folder, **words), sentence)
    assert snapshot(folder) == before
    assert not (servers / "calls").exists()


def test_a_moderator_beyond_the_seats_is_refused_before_anything_is_written(servers, folder):
    have(folder, c=(True, 1), d=(True, 1), e=(True, 1))
    before = snapshot(folder)
    done = users(servers, folder, ACTION="add", NAME="f")
    refused(done, "* jitsi_moderators and jitsi_accounts have 6 names and plan team has 5 seats: remove 1 or choose")
    assert snapshot(folder) == before
    assert users(servers, folder, ACTION="add", NAME="f", MODERATOR="no").returncode == 0


def test_people_of_another_directory_are_its_administrators_business(servers, folder):
    main = folder / "group_vars/jitsi/main.yml"
    main.write_text(main.read_text() + yaml.safe_dump({"jitsi_directory": FOREIGN}))
    before = snapshot(folder)
    for action, name in (("add", "carla"), ("reset", "anna"), ("remove", "carla")):
        refused(
            users(servers, folder, ACTION=action, NAME=name), "the directory's administrator adds and removes them."
        )
    assert snapshot(folder) == before
    listed = users(servers, folder).stdout.splitlines()
    assert listed[1:3] == ["anna   yes        main.yml", "bernd  yes        main.yml"]
    assert listed[-1] == "Who else may log in: ask the customer's own directory (jitsi_directory.kind is token)."


def test_servers_out_of_reach_are_named_and_the_file_is_new(servers, folder):
    (servers / "answer").write_text("exit 4\n")
    done = users(servers, folder, ACTION="add", NAME="carla")
    refused(done, "accounts.yml has the change, the servers have not: run make deploy, then ACTION=show NAME=carla.")
    assert set(made(folder)) == {"carla"}


def test_a_run_that_is_stopped_leaves_the_old_file_or_the_new_one(servers, folder):
    """Stopped at a different moment each time, also while the servers are at work."""
    (servers / "answer").write_text("exec sleep 60\n")
    users_before = {}
    for tenths in (3, 20, 60):
        process = subprocess.Popen(
            command(servers, folder, "ACTION=add", f"NAME=n{tenths}", "MODERATOR=no"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=surroundings(folder),
            start_new_session=True,
        )
        time.sleep(tenths / 10)
        os.killpg(process.pid, signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
        assert process.returncode != 0
        assert b"Traceback" not in output
        names = set(made(folder))
        assert names in ({*users_before}, {*users_before, f"n{tenths}"})
        users_before = names
        assert not list((folder / "group_vars/jitsi").glob(".accounts.*"))


def test_two_at_once_lose_nothing(servers, folder):
    running = [
        subprocess.Popen(
            command(servers, folder, "ACTION=add", f"NAME={name}"), env=surroundings(folder), stdout=subprocess.PIPE
        )
        for name in ("carla", "dora")
    ]
    for process in running:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert set(made(folder)) == {"carla", "dora"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "jitsi_accounts: [anna]\n",
        "jitsi_accounts: {carla: {moderator: true, password: x}}\n",
        "jitsi_accounts: {carla: 1}\n",
        "jitsi_accounts: {a: b: c}\n",
        "jitsi_accounts: '{{ x }}'\n",
        f"jitsi_accounts: {'[' * 5000}\n",
    ],
    ids=range(8),
)
def test_a_file_of_somebody_else_is_not_overwritten(servers, folder, text):
    file = folder / "group_vars/jitsi/accounts.yml"
    file.write_text(text)
    refused(users(servers, folder, ACTION="reset", NAME="carla"), f"{file} is not as this program wrote it")
    assert file.read_text() == text


def test_a_pipe_in_the_files_place_is_not_waited_for(servers, folder):
    file = folder / "group_vars/jitsi/accounts.yml"
    os.mkfifo(file)
    refused(users(servers, folder), f"{file} is not as this program wrote it")


def test_no_folder(servers, folder):
    refused(users(servers, folder.parent / "nowhere"), "is no customer's folder: it has no plan.yml.")


def test_private_files_of_a_run_are_gone(servers, folder, monkeypatch):
    # Not below tmp_path: Ansible keeps a socket there, whose path may have 107 characters.
    with tempfile.TemporaryDirectory() as private:
        monkeypatch.setenv("TMPDIR", private)
        assert users(servers, folder, ACTION="show").returncode == 0
        assert [path for path in Path(private).rglob("*") if path.is_file()] == []
