import pytest

from toolkit.relations.recording_errors import recording_errors

SFTP = {"kind": "sftp", "host": "files.acme.example", "user": "jitsi", "host_key": "ssh-ed25519 AAAA"}
WEBDAV = {"kind": "webdav", "url": "https://cloud.acme.example/dav", "user": "jitsi", "folder": "recordings"}
S3 = {"kind": "s3", "endpoint": "https://s3.acme.example", "bucket": "acme", "access_key": "AK"}


@pytest.mark.parametrize(
    ("target", "secrets"),
    [
        ({"kind": "local"}, []),
        (SFTP, ["jitsi_recording_password"]),
        (SFTP | {"port": 2022, "folder": "recordings"}, ["jitsi_recording_ssh_key"]),
        (WEBDAV, ["jitsi_recording_password"]),
        (S3 | {"region": "eu"}, ["jitsi_recording_password"]),
    ],
)
def test_a_whole_place_has_no_error(target, secrets):
    assert recording_errors({"jitsi_recording_target": target} | dict.fromkeys(secrets, "x")) == []


def test_what_is_missing_is_named():
    assert recording_errors({"jitsi_recording_target": {"kind": "sftp", "host": "x"}}) == [
        "jitsi_recording_target.user is missing: write the login there.",
        "jitsi_recording_target.host_key is missing: write the server's key (ssh-keyscan shows it).",
        "jitsi_recording_target.kind sftp needs jitsi_recording_password or jitsi_recording_ssh_key: write it in "
        "group_vars/jitsi/vault.yml.",
    ]


def test_what_means_nothing_is_refused():
    settings = {"jitsi_recording_target": {"kind": "local", "bucket": "x"}, "jitsi_recording_password": "x"}
    assert recording_errors(settings) == [
        "jitsi_recording_target.bucket means nothing to kind local: remove it or write another kind.",
        "jitsi_recording_password means nothing to jitsi_recording_target.kind local: remove it.",
    ]


def test_one_secret_alone():
    secrets = {"jitsi_recording_password": "x", "jitsi_recording_ssh_key": "x"}
    [error] = recording_errors({"jitsi_recording_target": SFTP} | secrets)
    assert error.endswith("write one of them alone in group_vars/jitsi/vault.yml.")


@pytest.mark.parametrize("target", [None, "local", {}, {"kind": 1}, {"kind": "ftp"}])
def test_what_is_no_place_is_the_contracts_business(target):
    assert recording_errors({"jitsi_recording_target": target}) == []


PLACES = {"sftp": SFTP, "webdav": WEBDAV, "s3": S3}
KEYS = {
    "local": set(),
    "sftp": {"host", "port", "host_key", "user", "folder"},
    "webdav": {"url", "user", "folder"},
    "s3": {"endpoint", "region", "bucket", "access_key", "folder"},
}


@pytest.mark.parametrize(
    ("kind", "key"),
    [(kind, key) for kind, place in PLACES.items() for key in place if key not in ("kind", "folder")],
)
def test_each_part_of_a_place_is_needed(kind, key):
    target = {name: value for name, value in PLACES[kind].items() if name != key}
    [error] = recording_errors({"jitsi_recording_target": target, "jitsi_recording_password": "x"})
    assert error.startswith(f"jitsi_recording_target.{key} is missing: write ")


@pytest.mark.parametrize(
    ("kind", "key"), [(kind, key) for kind in KEYS for key in sorted(set.union(*KEYS.values()) - KEYS[kind])]
)
def test_a_part_of_another_place_is_refused(kind, key):
    target = PLACES.get(kind, {"kind": kind}) | {key: "x"}
    secrets = {} if kind == "local" else {"jitsi_recording_password": "x"}
    assert recording_errors({"jitsi_recording_target": target} | secrets) == [
        f"jitsi_recording_target.{key} means nothing to kind {kind}: remove it or write another kind."
    ]


@pytest.mark.parametrize("kind", ["webdav", "s3"])
def test_an_ssh_key_belongs_to_sftp(kind):
    assert recording_errors({"jitsi_recording_target": PLACES[kind], "jitsi_recording_ssh_key": "x"}) == [
        f"jitsi_recording_ssh_key means nothing to jitsi_recording_target.kind {kind}: remove it.",
        f"jitsi_recording_target.kind {kind} needs jitsi_recording_password: write it in group_vars/jitsi/vault.yml.",
    ]


def test_no_sentence_has_a_secret():
    secrets = {"jitsi_recording_password": "a-secret", "jitsi_recording_ssh_key": "a-secret"}
    for target in ({"kind": "local"}, *PLACES.values()):
        errors = recording_errors({"jitsi_recording_target": target} | secrets)
        assert errors
        assert "a-secret" not in "".join(errors)
