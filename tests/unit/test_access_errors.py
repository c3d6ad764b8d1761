import subprocess

import pytest
from openstack.config import loader

from toolkit.folder.access_errors import access_errors

MISSING = "No such file or directory"


@pytest.fixture
def key(tmp_path, monkeypatch):
    """A key pair, and no agent that knows it."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    return tmp_path / "key"


def of_key(key):
    return access_errors({"cloud_ssh_private_key_file": str(key)}, "/acme")


def test_a_key_pair_is_enough(key):
    assert of_key(key) == []


def test_a_missing_private_key_is_named(key):
    key.unlink()
    assert of_key(key) == [
        f"cloud_ssh_private_key_file is {key} and {key} ({MISSING}) cannot be read: bring that key back or load it "
        "into the SSH agent, or write where another pair is."
    ]


def test_a_missing_public_half_is_named(key):
    key.with_name("key.pub").unlink()
    assert of_key(key) == [
        f"cloud_ssh_private_key_file is {key} and {key}.pub ({MISSING}) cannot be read: make it with "
        f"ssh-keygen -y -f {key} > {key}.pub, or write where another pair is."
    ]


def test_a_missing_pair_is_one_error(tmp_path):
    (error,) = of_key(tmp_path / "none")
    assert (
        f"none ({MISSING}) and {tmp_path}/none.pub ({MISSING}) cannot be read: make the pair with ssh-keygen" in error
    )


def test_a_relative_name_means_the_customers_folder(key):
    assert access_errors({"cloud_ssh_private_key_file": "key"}, str(key.parent)) == []
    (error,) = access_errors({"cloud_ssh_private_key_file": "other"}, "/srv/acme")
    assert "make the pair with ssh-keygen -t ed25519 -f /srv/acme/other, or" in error


def test_an_empty_public_half_is_a_error(key):
    key.with_name("key.pub").write_text("\n")
    (error,) = of_key(key)
    assert f"{key}.pub (it is empty) cannot be read" in error


def test_a_key_that_only_the_agent_has_is_enough(key, tmp_path, monkeypatch):
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    with subprocess.Popen(["ssh-agent", "-D", "-a", tmp_path / "agent"], stdout=subprocess.PIPE) as agent:
        assert agent.stdout.readline()
        subprocess.run(["ssh-add", "-q", key], check=True)
        key.unlink()
        errors = of_key(key)
        agent.terminate()
    assert errors == []


@pytest.fixture
def clouds(tmp_path, monkeypatch):
    """clouds(own, standard): the errors of cloud acme where these are the contents of files, None for no file."""

    def judge(own=None, standard=None):
        (tmp_path / "folder").mkdir()
        for file, content in (("folder/clouds.yaml", own), ("clouds.yaml", standard)):
            if content is not None:
                (tmp_path / file).write_text(content)
        monkeypatch.setattr(loader, "CONFIG_FILES", [str(tmp_path / "clouds.yaml")])
        monkeypatch.delenv("OS_CLIENT_CONFIG_FILE", raising=False)
        if own is not None:
            monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "folder/clouds.yaml"))
        return access_errors({"cloud_name": "acme"}, str(tmp_path / "folder"))

    return judge


@pytest.mark.parametrize(
    "files",
    [{"own": "clouds: {acme: {}}"}, {"standard": "clouds: {acme: {}}"}, {"own": "clouds: {acme: {}}", "standard": "["}],
)
def test_an_entry_where_openstacksdk_looks_is_enough(clouds, files):
    assert clouds(**files) == []


def test_no_file_at_all_is_named(clouds, tmp_path):
    assert clouds() == [
        "cloud_name is acme and there is no clouds.yaml: write the cloud's credentials as entry acme of "
        f"{tmp_path}/folder/clouds.yaml (for make) or ~/.config/openstack/clouds.yaml."
    ]


@pytest.mark.parametrize(
    ("content", "names"), [("clouds: {lab: {}, other: {}}", "lab, other"), ("clouds: {}", "none"), ("", "none")]
)
def test_a_missing_entry_is_named(clouds, tmp_path, content, names):
    """openstacksdk reads the first file alone."""
    assert clouds(own=content, standard="clouds: {acme: {}}") == [
        f"cloud_name is acme and {tmp_path}/folder/clouds.yaml has no such entry (it has {names}): write the cloud's "
        "credentials there under this name, or another cloud_name."
    ]


@pytest.mark.parametrize("content", ["clouds: [", "- acme", "clouds: [acme]", "clouds: acme"])
def test_a_file_that_makes_no_sense_is_named(clouds, tmp_path, content):
    (error,) = clouds(own=content, standard="clouds: {other: {}}")
    assert error.startswith(f"{tmp_path}/folder/clouds.yaml cannot be read: write YAML with a mapping of clouds")


@pytest.mark.parametrize("settings", [{}, {"cloud_name": 1, "cloud_ssh_private_key_file": None}, {"cloud_name": ""}])
def test_what_the_contract_refuses_is_passed_over(settings):
    assert access_errors(settings, "/acme") == []


def test_the_state_folder_is_the_customers_own():
    """make destroy removes its known_hosts, and another customer's CA would be taken for this one's."""

    def said(state):
        return access_errors({"jitsi_state_dir": state, "jitsi_customer": "acme"}, "/srv/customers/acme")

    for own in ("state", "/srv/customers/acme/state", "/var/lib/jitsi/acme", "~/jitsi/acme", "../../state/acme"):
        assert said(own) == []
    for other in ("~/.ssh", "/etc", "..", "/var/lib/jitsi", "../beta/state"):
        [error] = said(other)
        assert error.startswith(f"jitsi_state_dir {other} may be somebody else's folder: write ")
