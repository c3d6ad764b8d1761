"""The way to the servers, to a real sshd: with an operator's full agent, and with a customer folder in any path."""

import os
import shutil
import subprocess
import threading

import pytest
import yaml
from contract import ROOT, SETTINGS, write_customer
from openstack_ssh_hostkeys import SshHostkeys

SERVERS = {"acme-meet": "127.0.0.1", "acme-jvb-1": "127.0.0.2"}
PUBLIC = ("acme-meet",)  # the other one is reached through the meet host
SSHD = """
ListenAddress 0.0.0.0
HostKey "{folder}/host_key"
AuthorizedKeysFile {keys}
PidFile none
StrictModes no
UsePAM no
"""
# Printed by each host: the address that the connection came to.
PLAY = [{"hosts": "jitsi", "gather_facts": False, "tasks": [
    {"name": "Say what was reached", "ansible.builtin.command": "printenv SSH_CONNECTION", "changed_when": False}
]}]  # fmt: skip
STRATEGIES = {"stock": "linear", "mitogen": "mitogen_unpinned"}


def make_key(file):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    return file.with_name(f"{file.name}.pub").read_text()


# What the cloud would answer stands in openstack.yml, which is refused as a customer's file.
CLOUD = {"ANSIBLE_INVENTORY_ENABLED": "yaml"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A customer whose servers are this machine's loopback addresses, with the host keys known."""
    home = tmp_path_factory.mktemp("connection") / "my customers, o'hara 100%h"
    key = home.with_name("the operator's key")
    home.mkdir()
    (home / "authorized_keys").write_text(make_key(key))
    host_key = make_key(home / "host_key")
    settings = SETTINGS | {"cloud_admin_user": "root", "cloud_ssh_private_key_file": str(key)}
    customer = write_customer(home / "acme 1", settings)
    addresses = {
        name: {"ansible_host": address, "server_public_ipv4": address if name in PUBLIC else ""}
        for name, address in SERVERS.items()
    }
    (customer / "openstack.yml").write_text(yaml.safe_dump({"jitsi": {"hosts": addresses}}))
    (customer / "state").mkdir()
    known = "".join(f"{name},{address} {host_key}" for name, address in SERVERS.items())
    (customer / "state/known_hosts").write_text(known)
    (home / "play.yml").write_text(yaml.safe_dump(PLAY))
    (home / "group_vars").symlink_to(ROOT / "group_vars")
    return customer


@pytest.fixture(scope="module")
def network(folder, tmp_path_factory):
    """The words in front of a command to run it in a network of its own, where sshd listens on port 22."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    assert sshd, "this test needs sshd: apt-get install openssh-server"
    keys = shutil.copy(folder.parent / "authorized_keys", tmp_path_factory.mktemp("keys"))
    config = folder.parent / "sshd_config"
    config.write_text(SSHD.format(folder=folder.parent, keys=keys))
    os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    script = 'ip link set lo up; exec "$0" -D -e -f "$1"'
    server = subprocess.Popen(
        ["unshare", "--net", "sh", "-ec", script, sshd, config], stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr.readline() == "Server listening on 0.0.0.0 port 22.\n"
        threading.Thread(target=server.stderr.read).start()
        yield ["nsenter", f"--net=/proc/{server.pid}/ns/net"]
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(params=["seven others, not the key", "the key alone, its file gone"])
def agent(request, folder, tmp_path):
    """The environment of an operator with an ssh agent."""
    socket, key = tmp_path / "agent", folder.parent.with_name("the operator's key")
    running = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    assert running.stdout.readline()
    variables = os.environ | CLOUD | {"SSH_AUTH_SOCK": str(socket)}
    keys = [tmp_path / f"other-{number}" for number in range(7)] if "others" in request.param else [key]
    for file in keys:
        if file != key:
            make_key(file)
        subprocess.run(["ssh-add", "-q", file], env=variables, check=True)
    if "gone" in request.param:
        key.rename(tmp_path / "elsewhere")
    yield variables
    running.terminate()
    running.wait()
    if "gone" in request.param:
        (tmp_path / "elsewhere").rename(key)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_server_is_reached_whatever_the_agent_holds(folder, network, agent, strategy):
    done = subprocess.run(
        [*network, "ansible-playbook", "-i", folder, folder.parent / "play.yml", "--limit", ",".join(SERVERS)],
        cwd=ROOT, text=True, capture_output=True, check=False,
        env=agent | {
            "ANSIBLE_STRATEGY": STRATEGIES[strategy],
            "ANSIBLE_TIMEOUT": "120",
            "ANSIBLE_SSH_ARGS": "-o ControlPath=none",  # no connection may outlive its test
            "ANSIBLE_VERBOSITY": "1",
            "JITSI_VAULT_PASSWORD_FILE": str(folder.parent / "vault-password"),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for address in SERVERS.values():
        assert f" {address} 22" in done.stdout


def test_the_first_login_works_whatever_the_agent_holds(folder, network, agent, monkeypatch):
    contact = object.__new__(SshHostkeys)
    contact.params = {
        "name": "acme-meet",
        "address": SERVERS["acme-meet"],
        "user": "root",
        "private_key_file": str(folder.parent.with_name("the operator's key")),
        "ssh_arguments": "",
    }
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **more: run([*network, *command], env=agent, **more))
    login = contact._login(folder / "state/known_hosts", trust_first=False)
    assert login.returncode == 0, login.stderr


@pytest.fixture
def make_ssh(folder, network):
    """make_ssh(words ...): what `make ssh` does on this customer, in the servers' network."""

    def run(*words):
        variables = os.environ | CLOUD | {"JITSI_VAULT_PASSWORD_FILE": str(folder.parent / "vault-password")}
        command = [*network, "make", "ssh", f"CUSTOMER={folder}", *words]
        return subprocess.run(command, cwd=ROOT, env=variables, text=True, capture_output=True, check=False)

    return run


@pytest.mark.parametrize(("host", "address"), SERVERS.items())
def test_make_ssh_logs_in_where_ansible_does(make_ssh, host, address):
    done = make_ssh(f"HOST={host}", "ARGS=printenv SSH_CONNECTION; exit 7")
    assert f" {address} 22\n" in done.stdout, done.stdout + done.stderr
    assert "Error 7" in done.stderr


def test_make_ssh_lists_the_servers_there_are(make_ssh):
    done = make_ssh()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [
        "acme-jvb-1  127.0.0.2",
        "acme-jvb-2  no server yet: make deploy",
        "acme-meet  127.0.0.1",
        "acme-turn-1  no server yet: make deploy",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["HOST=acme-met"], "ssh: HOST is acme-met: write one of acme-jvb-1, acme-jvb-2, acme-meet, acme-turn-1."),
        (["ARGS=uptime"], "ssh: HOST is missing: write one of acme-jvb-1, acme-jvb-2, acme-meet, acme-turn-1."),
        (["HOST=acme-jvb-2"], "ssh: acme-jvb-2 is planned and the cloud has no such server: run make deploy."),
    ],
)
def test_make_ssh_refuses_in_one_sentence(make_ssh, words, sentence):
    done = make_ssh(*words)
    assert done.returncode == 2
    assert sentence in done.stderr.splitlines()


def test_make_ssh_refuses_an_unknown_host_key(make_ssh, folder):
    known = folder / "state/known_hosts"
    text = known.read_text()
    known.write_text("")
    try:
        done = make_ssh("HOST=acme-meet", "ARGS=true")
    finally:
        known.write_text(text)
    assert "Host key verification failed." in done.stderr
