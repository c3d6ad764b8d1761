"""What a customer with recorders can choose: single values, and the plan that is shown."""

import copy

import pytest
import yaml
from contract import PLAN, SETTINGS, judge, play, write_customer

GROUPS = PLAN | {"jitsi": [*PLAN["jitsi"], "acme-jibri-1"], "recorders": ["acme-jibri-1"]}
SFTP = {"kind": "sftp", "host": "films.acme.example", "user": "jitsi", "host_key": "ssh-ed25519 " + "A" * 68}
WEBDAV = {"kind": "webdav", "url": "https://cloud.acme.example/dav", "user": "jitsi"}
S3 = {"kind": "s3", "endpoint": "https://s3.acme.example", "bucket": "acme-films", "access_key": "AKIA123"}
RECORDER = {"cloud_flavors": SETTINGS["cloud_flavors"] | {"recorder": "m1.xlarge"}}
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n"
SECRET = {"jitsi_recording_password": "a-password-of-the-place"}


def said(changes):
    """What is said of a customer with a recorder who chose this besides."""
    return judge(copy.deepcopy(SETTINGS | RECORDER | changes), GROUPS)


GOOD = [
    {},
    {"jitsi_recording_target": SFTP} | SECRET,
    {"jitsi_recording_target": SFTP | {"host": "192.0.2.9", "port": 2222, "folder": "acme/films"}} | SECRET,
    {"jitsi_recording_target": SFTP | {"host_key": "ecdsa-sha2-nistp256 " + "A" * 140}} | SECRET,
    {"jitsi_recording_target": WEBDAV | {"url": "https://c.example:8443/dav/it@acme.example/"}} | SECRET,
    {"jitsi_recording_target": WEBDAV | {"url": "https://c.example:65535"}} | SECRET,
    {"jitsi_recording_target": S3 | {"region": "eu-central-1"}} | SECRET,
    {
        "jitsi_recording_target": SFTP,
        "jitsi_recording_ssh_key": KEY,
    },
    {"jitsi_recording_recipients": ["age1" + "q" * 58, "age1" + "p" * 58]},
    {"jitsi_recording_retention_days": 3650, "jitsi_recording_alert_url": "https://a.example/hook?room=1"},
]


@pytest.mark.parametrize("settings", GOOD)
def test_what_can_work_is_taken(settings):
    assert said(settings) == []


BAD = [
    *((SFTP, "host", value) for value in ("films.acme.example:22", "2001:db8::1", "-films", "Films", "a b")),
    *((SFTP, "port", value) for value in (0, 65536, "22")),
    *((SFTP, "host_key", value) for value in ("A" * 68, "films.acme.example ssh-ed25519 " + "A" * 68, "ssh-dss AAAA")),
    *((SFTP, "folder", value) for value in ("/films", "films/", "..", "a/../b", "a//b", "")),
    *(
        (WEBDAV, "url", f"https://{rest}")
        for rest in ("", "/dav", "c.example:0", "c.example:65536", "c.example:x", "u:secret@c.example", "[::1", "c/#x")
    ),
    *((S3, "bucket", value) for value in ("ab", "Acme", "acme/films", "-acme", "a" * 64)),
    (S3, "endpoint", "http://s3.acme.example"),
    (S3, "region", "eu central"),
]


@pytest.mark.parametrize(("target", "key", "value"), BAD)
def test_what_cannot_work_is_one_sentence(target, key, value):
    [error] = said({"jitsi_recording_target": target | {key: value}} | SECRET)
    assert error.startswith(f"jitsi_recording_target.{key} is ")
    assert ": write " in error


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jitsi_recording_recipients", ["age1" + "q" * 58] * 2),
        ("jitsi_recording_recipients", ["AGE-SECRET-KEY-1" + "Q" * 58]),
        ("jitsi_recording_retention_days", 3651),
        ("jitsi_recording_alert_url", "http://a.example"),
    ],
)
def test_other_settings_have_limits(name, value):
    [error] = said({name: value})
    assert error.startswith(name)
    assert ": write " in error


@pytest.mark.parametrize("value", ["", 12345678])
def test_a_secret_is_refused_without_being_quoted(value):
    [error] = said({"jitsi_recording_target": SFTP, "jitsi_recording_password": value})
    assert error.startswith("jitsi_recording_password is refused, and not shown because it is secret: write ")
    assert "12345678" not in error


def test_the_plan_shows_recorders_and_no_secret(tmp_path):
    hosts = {group: {"hosts": dict.fromkeys(GROUPS[group])} for group in GROUPS if group not in ("all", "ungrouped")}
    del hosts["jitsi"]
    settings = SETTINGS | RECORDER | SECRET | {"jitsi_recording_target": SFTP | {"port": 2222}}
    folder = write_customer(tmp_path / "acme", settings, yaml.safe_load(yaml.safe_dump({"jitsi": {"children": hosts}})))
    done = play(folder, "plan")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "acme-jibri-1 m1.xlarge local disk recorders",
        "meet 5222/tcp from recorders recorders log in to prosody",
        "1 x recorder: 1 recording at the same time",
    ):
        assert line in lines, done.stdout
    picture = (folder / "state" / "topology.mmd").read_text()
    assert 'acme_jibri_1["acme-jibri-1<br/>recorders<br/>m1.xlarge"]' in picture
    assert SECRET["jitsi_recording_password"] not in done.stdout + done.stderr + picture
