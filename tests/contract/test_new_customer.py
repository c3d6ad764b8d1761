"""scripts/new-customer, run as make runs it."""

import contextlib
import os
import re
import signal
import subprocess
import time

import pytest
import yaml
from contract import ROOT, environment, play

ARGUMENTS = {"NAME": "acme", "DOMAIN": "meet.acme.example", "PLAN": "campus", "CLOUD": "mycloud"}
FILLED = {
    "REGION": "RegionOne",
    "EMAIL": "it@acme.example",
    "IMPRINT": "https://www.acme.example/imprint",
    "PRIVACY": "https://www.acme.example/privacy",
    "MODERATORS": "anna, bernd",
    "FLAVOR_MEET": "m1.medium",
    "FLAVOR_VIDEOBRIDGE": "m1.large",
    "FLAVOR_TURN": "m1.small",
}


def command(folder, **arguments):
    words = ARGUMENTS | {"DIR": str(folder)} | arguments
    return [str(ROOT / "scripts" / "new-customer"), *(f"{k}={v}" for k, v in words.items() if v is not None)]


def new_customer(folder, **arguments):
    return subprocess.run(
        command(folder, **arguments), text=True, capture_output=True, env=environment(folder.parent), check=False
    )


def test_the_scaffold_lacks_only_what_was_not_given(tmp_path):
    folder = tmp_path / "acme"
    done = new_customer(folder)
    assert done.returncode == 0, done.stderr
    assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()) == [
        ".gitignore",
        "group_vars/jitsi/main.yml",
        "group_vars/jitsi/vault.yml",
        "openstack.yml",
        "plan.yml",
    ]
    asked = re.findall(r"^ *\* (\S+) is (?:missing:|an empty list) ", play(folder, "validate").stdout, re.MULTILINE)
    commented = re.findall(
        r"^# ((?:jitsi|cloud)_\w+):", (folder / "group_vars/jitsi/main.yml").read_text(), re.MULTILINE
    )
    assert sorted(set(asked)) == sorted(commented)
    assert len(commented) == 6


@pytest.mark.parametrize("place", ["acme", "elsewhere/customers/acme"])
def test_editors_find_the_schema_of_the_settings(tmp_path, place):
    folder = tmp_path / place
    folder.parent.mkdir(parents=True, exist_ok=True)
    assert new_customer(folder).returncode == 0
    main = folder / "group_vars/jitsi/main.yml"
    named = main.read_text().splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (main.parent / named).resolve() == ROOT / "docs/settings.schema.json"


def test_nobody_else_writes_there_or_reads_the_vault(tmp_path):
    folder = tmp_path / "acme"
    new_customer(folder)
    modes = {path: path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}
    assert [str(path) for path, mode in modes.items() if mode & 0o022] == []
    assert modes[folder] == 0o755
    assert modes[folder / "group_vars/jitsi/vault.yml"] == 0o600


def test_the_comments_are_ready_to_be_filled_in(tmp_path):
    folder = tmp_path / "acme"
    new_customer(folder)
    main = folder / "group_vars/jitsi/main.yml"
    main.write_text(re.sub(r"^# ((jitsi|cloud)_)", r"\1", main.read_text(), flags=re.MULTILINE))
    assert play(folder, "validate").returncode == 0


def test_with_everything_given_the_customer_is_valid(tmp_path):
    folder = tmp_path / "acme"
    assert new_customer(folder, **FILLED).returncode == 0
    done = play(folder, "validate")
    assert "acme: nothing to refuse; plan campus, 5 servers" in done.stdout


def test_the_source_of_addresses_is_this_customers_and_this_clouds(tmp_path):
    new_customer(tmp_path / "acme")
    text = (tmp_path / "acme" / "openstack.yml").read_text()
    assert "mycloud" in text
    assert "acme" in text
    assert not re.search(r"example-small|\blab\b", text)


def test_every_seed_is_fresh_and_only_in_the_vault(tmp_path):
    seeds = []
    for name in ("acme", "other"):
        new_customer(tmp_path / name, NAME=name)
        vault = tmp_path / name / "group_vars/jitsi/vault.yml"
        assert vault.read_text().startswith("$ANSIBLE_VAULT;1.")
        seen = subprocess.run(
            ["ansible-vault", "view", str(vault)],
            cwd=ROOT,
            env=environment(tmp_path),
            text=True,
            capture_output=True,
            check=True,
        )
        seeds.append(yaml.safe_load(seen.stdout)["jitsi_seed"])
        everything = "".join(p.read_text() for p in (tmp_path / name).rglob("*") if p.is_file())
        assert seeds[-1] not in everything
    assert seeds[0] != seeds[1]
    assert all(len(seed) >= 43 for seed in seeds)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"NAME": "Acme"}, 'jitsi_customer is "Acme": write 2 to 30 lower-case letters'),
        ({"NAME": "../acme"}, 'jitsi_customer is "../acme": write'),
        ({"DOMAIN": "meet"}, 'jitsi_domain is "meet": write a domain name'),
        ({"PLAN": "offise"}, 'jitsi_plan is "offise": write office.'),
        ({"CLOUD": None}, "CLOUD missing: write NAME="),
        ({"NAME": "", "PLAN": ""}, "NAME and PLAN missing: write NAME="),
        ({"COLOR": "red"}, "COLOR=red is no argument: write KEY=VALUE with a key of NAME,"),
        ({"DIR": "/nowhere/acme"}, "/nowhere is no folder: run mkdir -p /nowhere."),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(tmp_path, arguments, sentence):
    done = new_customer(tmp_path / "acme", **arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"new-customer: {sentence}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(tmp_path):
    folder = tmp_path / "acme"
    folder.mkdir()
    done = new_customer(folder)
    assert done.returncode == 1
    assert done.stderr == f"new-customer: {folder} exists: choose another NAME or DIR, or remove it.\n"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_nothing_is_left(tmp_path, by):
    """Stopped while ansible-vault asks for the password, which a fifo makes last as long as it takes."""
    password = tmp_path / "password"
    os.mkfifo(password)
    work = tmp_path / "customers"
    work.mkdir()
    running = subprocess.Popen(
        # As on a terminal, also where the tests themselves run in a shell's background, which ignores SIGINT.
        ["env", "--default-signal=INT", *command(work / "acme")],
        env=environment(tmp_path) | {"ANSIBLE_VAULT_PASSWORD_FILE": str(password)},
    )
    deadline = time.monotonic() + 60
    asks = None
    while asks is None:
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
        # Cannot be opened before somebody reads it.
        with contextlib.suppress(OSError):
            asks = os.open(password, os.O_WRONLY | os.O_NONBLOCK)
    assert list(work.glob(".acme.*/group_vars/jitsi/main.yml"))
    running.send_signal(by)
    assert running.wait(60) != 0
    assert list(work.iterdir()) == []
    with pytest.raises(BrokenPipeError):
        os.write(asks, b"nobody is left who reads this")
    os.close(asks)
