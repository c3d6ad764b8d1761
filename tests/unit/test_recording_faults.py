import pytest
from recording_faults import recording_faults

SFTP = {"kind": "sftp", "host": "files.acme.example", "user": "jitsi", "host_key": "ssh-ed25519 AAAA"}
WEBDAV = {"kind": "webdav", "url": "https://cloud.acme.example/dav", "user": "jitsi", "folder": "films"}
S3 = {"kind": "s3", "endpoint": "https://s3.acme.example", "bucket": "acme", "access_key": "AK"}


@pytest.mark.parametrize(
    ("target", "secrets"),
    [
        ({"kind": "local"}, []),
        (SFTP, ["jitsi_recording_password"]),
        (SFTP | {"port": 2022, "folder": "films"}, ["jitsi_recording_ssh_key"]),
        (WEBDAV, ["jitsi_recording_password"]),
        (S3 | {"region": "eu"}, ["jitsi_recording_password"]),
    ],
)
def test_a_whole_place_has_no_fault(target, secrets):
    assert recording_faults({"jitsi_recording_target": target} | dict.fromkeys(secrets, "x")) == []


def test_what_is_missing_is_named():
    assert recording_faults({"jitsi_recording_target": {"kind": "sftp", "host": "x"}}) == [
        "jitsi_recording_target.user is missing: write the login there.",
        "jitsi_recording_target.host_key is missing: write the server's key (ssh-keyscan shows it).",
        "jitsi_recording_target.kind sftp needs jitsi_recording_password or jitsi_recording_ssh_key: write it in "
        "group_vars/jitsi/vault.yml.",
    ]


def test_what_means_nothing_is_refused():
    choices = {"jitsi_recording_target": {"kind": "local", "bucket": "x"}, "jitsi_recording_password": "x"}
    assert recording_faults(choices) == [
        "jitsi_recording_target.bucket means nothing to kind local: remove it or write another kind.",
        "jitsi_recording_password means nothing to jitsi_recording_target.kind local: remove it.",
    ]


def test_one_secret_alone():
    secrets = {"jitsi_recording_password": "x", "jitsi_recording_ssh_key": "x"}
    [fault] = recording_faults({"jitsi_recording_target": SFTP} | secrets)
    assert fault.endswith("write one of them alone in group_vars/jitsi/vault.yml.")


@pytest.mark.parametrize("target", [None, "local", {}, {"kind": 1}, {"kind": "ftp"}])
def test_what_is_no_place_is_the_contracts_business(target):
    assert recording_faults({"jitsi_recording_target": target}) == []
