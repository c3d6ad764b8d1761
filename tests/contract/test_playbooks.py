"""The real playbooks, run as an operator runs them: without a cloud, a host or a trace left behind."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from contract import DEFAULTS, PLAN, ROOT, SEED, SETTINGS, environment, operator_of, play, snapshot, write_customer

REFUSED = "Refused, nothing was touched:"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "acme"


def refused(done, *sentences):
    """Exit code, sentences and the absence of a traceback; each sentence on a line of its own."""
    lines = {line.strip().removeprefix("* ") for line in (done.stdout + done.stderr).splitlines()}
    assert done.returncode != 0
    assert REFUSED in lines, done.stdout + done.stderr
    assert not set(sentences) - lines, "\n".join(sorted(lines))
    assert "Traceback" not in done.stdout + done.stderr
    assert SEED not in done.stdout + done.stderr
    return lines


def test_a_valid_customer_passes_and_nothing_is_touched(folder):
    write_customer(folder)
    before = snapshot(folder)
    done = play(folder, "validate")
    assert done.returncode == 0, done.stdout
    assert "acme: nothing to refuse; plan office, 4 servers" in done.stdout
    unchecked = (
        f"Not checked whether https://download.jitsi.org stable/ has the packages of {DEFAULTS['jitsi_release']}:"
    )
    assert unchecked in " ".join(done.stdout.split())
    assert "WARNING" not in done.stdout + done.stderr
    assert SEED not in done.stdout + done.stderr
    assert snapshot(folder) == before


def lab_of(example: str, folder: Path) -> dict:
    """What the lab has for an example besides the seed: a CA and passwords, where it has a directory of its own."""
    chosen = yaml.safe_load((ROOT / "inventories" / example / "group_vars/jitsi/main.yml").read_text())
    if "ca_file" not in chosen.get("jitsi_directory", {}):
        return {}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=CA",
         "-keyout", "/dev/null", "-out", folder / "corp-ca.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    return {
        "jitsi_state_dir": str(folder / example),
        "jitsi_directory_password": "a-password",
        "jitsi_directory_test_password": "a-password",
    }


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "inventories").glob("example-*")))
def test_examples_are_valid_beside_a_vault(tmp_path, example):
    """Seed and secrets come from a second inventory, as in the lab."""
    lab = write_customer(tmp_path / "lab", lab_of(example, tmp_path), {"jitsi": None})
    done = play(ROOT / "inventories" / example, "validate", "-i", str(lab / "plan.yml"), home=tmp_path)
    assert done.returncode == 0, done.stdout
    assert f"{example}: nothing to refuse" in done.stdout


def test_every_example_is_an_inventory_as_a_whole_folder(tmp_path):
    """As deploy reads it, with what customers and runs put beside the plan; only the cloud is not asked here."""
    command = ["ansible-inventory", "--list"]
    for example in (ROOT / "inventories").glob("example-*"):
        folder = shutil.copytree(example, tmp_path / example.name)
        (folder / "openstack.yml").unlink()
        for file in ("brand/logo.svg", "texts/de.md", "state/topology.mmd", "clouds.yaml", "notes.txt", "README"):
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text("[this is no inventory")
        command += ["-i", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment(tmp_path), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "example-page-meet" in json.loads(done.stdout)["meet"]["hosts"]


def test_errors_of_every_kind_are_listed_together(folder):
    settings = SETTINGS | {
        "jitsi_domian": "x",
        "jitsi_log_retention_days": 0,
        "jitsi_certificate": {"mod": "acme"},
    }
    del settings["jitsi_domain"]
    plan = {"jitsi": {"children": {"meet": {"hosts": {"acme-meet": None}}, "printers": {"hosts": {"bcme-rec": None}}}}}
    write_customer(folder, settings, plan)
    before = snapshot(folder)
    lines = refused(
        play(folder, "validate"),
        "jitsi_domian is not a setting: write jitsi_domain.",
        "jitsi_log_retention_days is 0: write a whole number of days from 1 to 14.",
        "jitsi_certificate.mod is not a setting: write jitsi_certificate.mode.",
        "group videobridges has no hosts and plan office needs 2: write acme-jvb-[1:2] in plan.yml.",
        "group printers of plan.yml is unknown: this toolkit has meet, videobridges, turn, directories, streamers, "
        "recorders, gateways.",
        "host bcme-rec does not begin with acme-: rename it in plan.yml, for example acme-bcme-rec.",
    )
    assert any(line.startswith("jitsi_domain is missing: ") for line in lines)
    assert snapshot(folder) == before


def test_a_page_that_cannot_be_shown_is_refused(folder):
    colors = {"background": "#ffffff", "text": "#999999", "accent": "#0b57d0"}
    settings = SETTINGS | {
        "jitsi_consent_texts": {"en": "en.md"},
        "jitsi_logo_file": "{{ inventory_dir }}/plan.yml",
        "jitsi_pictures": {"favicon": "brand/favicon.svg"},
        "jitsi_page_colors": {"light": colors, "dark": colors | {"text": "#000000"}},
    }
    write_customer(folder, settings)
    (folder / "en.md").write_text("# Hello\n\n<script>alert(1)</script>\n")
    refused(
        play(folder, "validate"),
        f"jitsi_consent_texts.en: {folder}/en.md: HTML is refused (<script>alert(1)</script>, line 3): write it in "
        "Markdown.",
        f"jitsi_logo_file: {folder}/plan.yml is no picture, or a broken one: give a PNG, JPEG, WebP or SVG file.",
        f"jitsi_pictures.favicon: {folder}/brand/favicon.svg cannot be read (No such file or directory): give a "
        "picture file on this machine.",
        "jitsi_page_colors.light.text is #999999 on #ffffff, a contrast of 2.84: choose colours with 4.5 or more.",
    )


def test_a_certificate_without_its_intermediate_is_refused(folder):
    files = {"certificate_file": f"{folder}/server.crt", "key_file": f"{folder}/server.key"}
    write_customer(folder, SETTINGS | {"jitsi_certificate": {"mode": "files"} | files})
    script = """
    options="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc"
    openssl req -x509 $options -subj /CN=Root -keyout root.key -out root.crt
    openssl req -x509 $options -subj /CN=Middle -CA root.crt -CAkey root.key -keyout middle.key -out middle.crt
    openssl req -x509 $options -subj /CN=x -addext basicConstraints=CA:FALSE \\
      -addext subjectAltName=DNS:meet.acme.example,DNS:turn-1.meet.acme.example \\
      -CA middle.crt -CAkey middle.key -keyout server.key -out server.crt
    """
    subprocess.run(["sh", "-ec", script], cwd=folder, check=True, capture_output=True)
    done = play(folder, "validate")
    assert done.returncode != 0
    assert (
        f"{folder}/server.crt lacks the certificate of Middle, which issued x: append the intermediate" in done.stdout
    )
    assert "look at: the message above" in done.stdout
    assert "journalctl" not in done.stdout
    with (folder / "server.crt").open("a") as chain:
        chain.write((folder / "middle.crt").read_text() + (folder / "root.crt").read_text())
    done = play(folder, "validate")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("playbook", ["validate", "plan", "site"])
def test_a_machine_without_the_key_and_the_clouds_login_is_refused_before_anything_is_touched(folder, playbook):
    write_customer(folder, SETTINGS | {"cloud_name": "theirs", "cloud_ssh_private_key_file": f"{folder}/key"})
    before = snapshot(folder)
    refused(
        play(folder, playbook),
        f"cloud_ssh_private_key_file is {folder}/key and {folder}/key (No such file or directory) and {folder}/key.pub "
        f"(No such file or directory) cannot be read: make the pair with ssh-keygen -t ed25519 -f {folder}/key, or "
        "write where another pair is.",
        f"cloud_name is theirs and {operator_of(folder.parent)}/.config/openstack/clouds.yaml has no such entry (it "
        "has mycloud, lab): write the cloud's credentials there under this name, or another cloud_name.",
    )
    journal = {folder / "state/lock", *(folder / "state").glob("runs/*")}
    assert {path: kept for path, kept in snapshot(folder).items() if path not in journal} == before


def test_a_missing_vault_is_refused(folder):
    write_customer(folder)
    vault = folder / "group_vars" / "jitsi" / "vault.yml"
    vault.unlink()
    refused(
        play(folder, "validate"),
        f"{vault} is missing: run . scripts/environment; ansible-vault create {vault} and write jitsi_seed, "
        "at least 32 random characters.",
    )


def test_a_vault_in_clear_is_refused_without_quoting_the_seed(folder):
    write_customer(folder)
    vault = folder / "group_vars" / "jitsi" / "vault.yml"
    vault.write_text(f"jitsi_seed: {SEED}\n")
    refused(
        play(folder, "validate"), f"{vault} is not encrypted: run . scripts/environment; ansible-vault encrypt {vault}."
    )


def test_a_vault_of_another_password_is_named(folder):
    write_customer(folder)
    (folder.parent / "vault-password").write_text("another")
    lines = refused(play(folder, "validate"))
    assert any(f"{folder}/group_vars/jitsi/vault.yml cannot be read (" in line for line in lines)


def test_a_seed_beside_the_vault_is_refused(folder):
    write_customer(folder)
    main = folder / "group_vars" / "jitsi" / "main.yml"
    main.write_text(main.read_text() + f"jitsi_seed: {SEED}\n")
    sentence = f"jitsi_seed stands in {main} in clear: move it to vault.yml beside it, encrypted."
    refused(play(folder, "validate"), sentence)


@pytest.mark.parametrize("plan", [{"jitsi": {"children": {"meet": None}}}, {"jitsy": {"hosts": {"acme-meet": None}}}])
def test_a_plan_without_hosts_does_not_pass_silently(folder, plan):
    write_customer(folder, plan=plan)
    refused(
        play(folder, "validate"),
        "plan.yml has no host in group jitsi: write at least meet, videobridges and turn under it.",
    )


@pytest.mark.parametrize("limit", [["--limit", "acme-jvb-2"], ["--tags", "videobridge"]])
def test_a_run_on_a_part_is_judged_as_a_whole(folder, limit):
    write_customer(folder, SETTINGS | {"jitsi_log_retention_days": 0})
    refused(
        play(folder, "validate", *limit), "jitsi_log_retention_days is 0: write a whole number of days from 1 to 14."
    )


def test_the_plan_is_shown_and_only_the_picture_is_written(folder):
    write_customer(folder)
    before = snapshot(folder)
    done = play(folder, "plan")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "acme-jvb-2 m1.large local disk videobridges",
        "10.71.0.0/24, routed to public",
        "turn 443/tcp from the world TURN inside TLS",
        "meet.acme.example -> floating IP of acme-meet",
        "turn-1.meet.acme.example -> floating IP of acme-turn-1",
        "plan office promises 100: enough, without a spare bridge",
    ):
        assert line in lines, done.stdout
    for package, version in DEFAULTS["jitsi_releases"][DEFAULTS["jitsi_release"]].items():
        assert f"{package} {version}" in lines
    after = snapshot(folder)
    picture = folder / "state" / "topology.mmd"
    assert set(after) - set(before) == {picture}
    assert {path: after[path] for path in before} == before
    assert all(f'{host.replace("-", "_")}["{host}<br/>' in picture.read_text() for host in PLAN["jitsi"])
    again = play(folder, "plan").stdout
    assert "changed=0" in again
    assert (
        "Not compared with the cloud. The entry mycloud of clouds.yaml leads to a cloud that does not answer: Unable "
        "to establish connection to http://127.0.0.1:9/v3/auth/tokens."
    ) in " ".join(again.split())


def test_nothing_is_shown_or_written_for_a_faulty_plan(folder):
    write_customer(folder, SETTINGS | {"jitsi_plan": "offise"})
    before = snapshot(folder)
    refused(play(folder, "plan"), 'jitsi_plan is "offise": write office.')
    assert snapshot(folder) == before
