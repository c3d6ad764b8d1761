"""scripts/stream, run as make runs it: the key is shown to who asks, and stands nowhere else."""

import subprocess

import yaml
from contract import CHOICES, ROOT, SEED, environment, write_customer
from secret_for import secret_for

STREAMING = {
    "jitsi_stream_publishers": ["192.0.2.17/32"],
    "cloud_flavors": CHOICES["cloud_flavors"] | {"streamer": "m1.small"},
}


def stream(folder):
    """The command, with a log file of Ansible's: nothing that is secret may reach it."""
    surroundings = environment(folder.parent) | {"ANSIBLE_LOG_PATH": str(folder.parent / "log")}
    return subprocess.run(
        [ROOT / "scripts/stream", folder], text=True, capture_output=True, env=surroundings, check=False
    )


def test_where_to_publish_and_the_key_are_shown_on_the_terminal_alone(tmp_path):
    folder = write_customer(tmp_path / "acme", CHOICES | STREAMING)
    plan = yaml.safe_load((folder / "plan.yml").read_text())
    plan["jitsi"]["children"]["streamers"] = {"hosts": {"acme-stream": None}}
    (folder / "plan.yml").write_text(yaml.safe_dump(plan))
    done = stream(folder)
    assert done.returncode == 0, done.stderr
    key = secret_for(SEED, "streaming/key")
    assert done.stdout.splitlines() == [
        f"server      rtmps://stream.{CHOICES['jitsi_domain']}:1936/live",
        f"stream key  live?key={key}",
        f"viewers     https://stream.{CHOICES['jitsi_domain']}/",
    ]
    assert (tmp_path / "log").stat().st_size > 0
    written = [path for path in tmp_path.rglob("*") if path.is_file() and key in path.read_text(errors="replace")]
    assert written == []


def test_who_has_no_streaming_server_is_told_so(tmp_path):
    done = stream(write_customer(tmp_path / "acme", CHOICES))
    assert done.returncode == 1
    assert "no streaming server" in done.stderr
    assert done.stdout == ""
