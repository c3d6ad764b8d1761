"""make validate with a directory within reach: the playbook as an operator runs it, in the network of the servers."""

import contextlib
import subprocess

import pytest
from contract import SETTINGS, environment, write_customer
from directories import BASE, BIND_DN, GROUP, PASSWORD, ROOT
from ldap_site import Site
from machine import Machine, root_filesystems


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    machine = Machine(root_filesystems()["trixie"], tmp_path_factory.mktemp("trixie"))
    with contextlib.closing(machine):
        yield Site(machine)


@pytest.fixture(scope="module", autouse=True)
def _program():
    subprocess.run([ROOT / "scripts/need", "python3-ldap"], check=True)


@pytest.fixture(scope="module")
def address(site):
    """A server that is called by its address: names of the machine are unknown outside."""
    site.first.present(site.authority.issue(site.first.address))
    return site.first.address


@pytest.fixture
def validate(site, address, tmp_path):
    """validate(password, login, **changes): the playbook's end for a customer with this directory."""
    (tmp_path / "ca.crt").write_text(site.authority.certificate)
    directory = {
        "kind": "ldap",
        "servers": [f"ldaps://{address}"],
        "ca_file": str(tmp_path / "ca.crt"),
        "base": BASE,
        "bind_dn": BIND_DN,
        "moderators_group": GROUP,
    }

    def run(password="jitsi-secret", login="", **changes):  # noqa: S107  # of the lab
        settings = SETTINGS | {"jitsi_directory": directory | changes, "jitsi_directory_password": password}
        if login:
            settings["jitsi_directory"]["test_login"] = login
            settings["jitsi_directory_test_password"] = PASSWORD.format(login)
        folder = write_customer(tmp_path / "acme", settings)
        inside = ["nsenter", "-t", str(site.machine.holder.pid), "-n", "ansible-playbook", "-i", folder / "plan.yml"]
        done = subprocess.run(
            [*inside, "playbooks/validate.yml"],
            cwd=ROOT, env=environment(tmp_path), text=True, capture_output=True, check=False,
        )  # fmt: skip
        assert password not in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run


def test_a_directory_in_order(validate):
    done = validate(login="anna")
    assert done.returncode == 0, done.stdout
    assert "anna logs in as anna, a moderator of the group" in done.stdout


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("for its password (jitsi_directory_password)", {"password": "a-wrong-one"}),
        ("for the CA certificate that issued it", {"ca_file": "/etc/ssl/certs/ca-certificates.crt"}),
        ("where the people are (jitsi_directory.base)", {"base": f"ou=nowhere,{BASE}"}),
        ("the test login locked is refused (account locked)", {"login": "locked"}),
    ],
)
def test_a_directory_that_would_let_nobody_in(validate, words, changes):
    done = validate(**changes)
    assert done.returncode != 0
    assert "Refused, nothing was touched:" in done.stdout
    assert words in done.stdout, done.stdout


def test_a_directory_only_the_servers_reach(validate):
    """No error: it need not be reached from the operator's machine. But said."""
    done = validate(servers=["ldaps://127.0.0.99"])
    assert done.returncode == 0, done.stdout
    assert "unreachable: ldaps://127.0.0.99: it does not answer (Connection refused)" in done.stdout
    assert "make verify asks from the meet host" in done.stdout
