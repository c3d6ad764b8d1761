"""scripts/stream, run as make runs it: the key is shown to who asks, and stands nowhere else."""

import subprocess

import yaml
from contract import ROOT, SEED, SETTINGS, environment, write_customer

from toolkit.secrets.secret_for import secret_for

STREAMING = {
    "jitsi_stream_publishers": ["192.0.2.17/32"],
    "cloud_flavors": SETTINGS["cloud_flavors"] | {"streamer": "m1.small"},
}


def stream(folder):
    """The command, with a log file of Ansible's: nothing that is secret may reach it."""
    surroundings = environment(folder.parent) | {"ANSIBLE_LOG_PATH": str(folder.parent / "log")}
    return subprocess.run(
        [ROOT / "scripts/stream", folder], text=True, capture_output=True, env=surroundings, check=False
    )


def write_streaming_customer(folder, **settings):
    write_customer(folder, SETTINGS | STREAMING | settings)
    plan = yaml.safe_load((folder / "plan.yml").read_text())
    plan["jitsi"]["children"]["streamers"] = {"hosts": {"acme-stream": None}}
    (folder / "plan.yml").write_text(yaml.safe_dump(plan))
    return folder


def test_where_to_publish_and_the_key_are_shown_on_the_terminal_alone(tmp_path):
    folder = write_streaming_customer(tmp_path / "acme")
    done = stream(folder)
    assert done.returncode == 0, done.stderr
    key = secret_for(SEED, "streaming/key")
    assert done.stdout.splitlines() == [
        f"server      rtmps://stream.{SETTINGS['jitsi_domain']}:1936/live",
        f"stream key  live?key={key}",
        f"viewers     https://stream.{SETTINGS['jitsi_domain']}/",
    ]
    assert (tmp_path / "log").stat().st_size > 0
    written = [path for path in tmp_path.rglob("*") if path.is_file() and key in path.read_text(errors="replace")]
    assert written == []


def test_another_issue_is_another_key_for_server_publishers_and_verification(tmp_path):
    folder = write_streaming_customer(tmp_path / "acme", jitsi_stream_key_generation=3)
    key = secret_for(SEED, "streaming/key/3")
    assert f"stream key  live?key={key}\n" in stream(folder).stdout
    ask = ["ansible", "-i", folder / "plan.yml", "acme-stream", "--playbook-dir", "playbooks", "-m", "debug", "-a"]
    for wired in ("streaming_key", "verify_stream_key['streaming/key']"):
        line = [*ask, f"msg={{{{ {wired} }}}}"]
        said = subprocess.run(line, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, check=True)
        assert said.stdout.split()[-1] == key, wired


def test_who_has_no_streaming_server_is_told_so(tmp_path):
    done = stream(write_customer(tmp_path / "acme", SETTINGS))
    assert done.returncode == 1
    assert "no streaming server" in done.stderr
    assert done.stdout == ""
