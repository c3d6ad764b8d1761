"""The first login at a new server, with sshd of Debian 12: whoever answers in the server's place is refused."""

import os
import subprocess
from types import SimpleNamespace as Thing

import pytest
from machine import Machine, root_filesystems, wait
from openstack_ssh_hostkeys import SshHostkeys

ADDRESS = "198.51.100.7"
NAME, SERVER = "acme-meet", "0b2ce5a1-8d2c-4a6f-9f1e-3c2c0d5b7a11"


class Refused(Exception):
    """The module failed."""


class Done(Exception):
    """The module has an answer."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A Debian with sshd in a network of its own, which these tests share while they run."""
    folder = tmp_path_factory.mktemp("ssh")
    root = root_filesystems()["bookworm"]
    machine = Machine(root, folder, f"ip address add {ADDRESS} dev lo")
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    os.setns(os.open(f"/proc/{machine.holder.pid}/ns/net", os.O_RDONLY), os.CLONE_NEWNET)
    yield machine
    os.setns(here, os.CLONE_NEWNET)
    machine.close()


@pytest.fixture(scope="module")
def login_key(machine, tmp_path_factory):
    key = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    machine.put("/root/.ssh/authorized_keys", key.with_suffix(".pub").read_text())
    machine.sh('mkdir -p /run/sshd; chmod 700 "/root/.ssh"')
    return key


class Server:
    """An sshd at the server's address with a host key of its own."""

    def __init__(self, machine, key):
        self.machine = machine
        machine.sh(f"[ -e {key} ] || ssh-keygen -q -t ed25519 -N '' -f {key}")
        self.public = " ".join((machine.root / f"{key[1:]}.pub").read_text().split()[:2])
        self.process = machine.start("/usr/sbin/sshd", "-D", "-e", "-h", key, "-o", "UsePAM=no")
        wait(lambda: ":22 " in machine.sh("ss -Hltn").stdout, "sshd listens")

    def stop(self):
        self.process.kill()
        self.process.wait()
        wait(lambda: ":22 " not in self.machine.sh("ss -Hltn").stdout, "sshd is gone")


@pytest.fixture
def answering(machine, login_key):
    """Return a function that has an sshd with that host key answer, in place of the one before."""
    running = []

    def start(key):
        for server in running:
            server.stop()
        running[:] = [Server(machine, f"/root/{key}")]
        return running[0].public

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def meet(login_key, tmp_path):
    """Return a function that runs the module with that on the console; it returns how the key was learnt."""

    def run(console, trust=False):
        module = SshHostkeys.__new__(SshHostkeys)
        module.params = {
            "name": NAME,
            "server_id": SERVER,
            "address": ADDRESS,
            "user": "root",
            "private_key_file": str(login_key),
            "ssh_arguments": "",
            "known_hosts": str(tmp_path / "known_hosts"),
            "trust": trust,
            "console_grace": 1,
            "timeout": 30,
        }
        output = {"output": f"-----BEGIN SSH HOST KEY KEYS-----\n{console}\n-----END SSH HOST KEY KEYS-----\n"}
        module.conn = Thing(compute=Thing(get_server_console_output=lambda _: output if console else {"output": ""}))

        def fail_json(msg):
            raise Refused(msg)

        def exit_json(**answer):
            raise Done(answer["source"])

        module.fail_json, module.exit_json = fail_json, exit_json
        try:
            module.run()
        except Done as answer:
            return str(answer)

    run.known_hosts = tmp_path / "known_hosts"
    return run


def test_somebody_who_answers_first_with_another_key_is_refused_and_the_server_is_not(answering, meet):
    real = answering("host")
    answering("impostor")
    with pytest.raises(Refused, match=f"has not the host key that {NAME} shows on its console"):
        meet(real)
    with pytest.raises(Refused, match="has not the host key"):
        meet(real, trust=True)  # what the console shows counts, whatever the setting
    assert not meet.known_hosts.exists()
    answering("host")
    assert meet(real) == "console"
    assert meet.known_hosts.read_text() == f"{NAME},{ADDRESS} {real} {SERVER} console\n"


def test_without_keys_on_the_console_nobody_is_believed_unless_the_setting_says_so(answering, meet):
    key = answering("host")
    with pytest.raises(Refused, match="cloud_first_contact: trust"):
        meet("")
    assert not meet.known_hosts.exists()
    assert meet("", trust=True) == "trusted"
    assert meet.known_hosts.read_text() == f"{NAME},{ADDRESS} {key} {SERVER} trusted\n"


def test_a_key_that_a_person_wrote_down_is_enough(answering, meet):
    line = f"{NAME},{ADDRESS} {answering('host')} {SERVER} operator\n"
    meet.known_hosts.write_text(line)
    assert meet("") == "operator"
    assert meet.known_hosts.read_text() == line
