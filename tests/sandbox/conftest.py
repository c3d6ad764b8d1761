"""Every sandboxed unit, as a host of the example has it, in a Debian 12 and a Debian 13 whose systemd judges it."""

import json
import re
import shutil

import pytest
from machine import SUITES, Machine, root_filesystems
from rendering import ROOT, bundled, render

EXAMPLE = "example-full"  # every kind of machine
DEBIANS = dict(zip(("12", "13"), SUITES, strict=True))
# Roles with units of the toolkit's, or drop-ins for those of packages.
ROLES = {
    "jitsi": ["log_retention"],
    "meet": ["certificate", "prosody", "login", "jicofo", "conference_mapper", "web"],
    "turn": ["turn"],
    "directories": ["openldap"],
    "streamers": ["streaming"],
    "recorders": ["jibri", "recording_delivery"],
    "gateways": ["jigasi", "sip_server", "dial_in_ivr"],
}


def pytest_addoption(parser):
    parser.addoption("--write-page", action="store_true", help="write docs/sandboxes.md instead of comparing it")


@pytest.fixture(scope="session")
def units(tmp_path_factory):
    """units[path]: what roles write below /etc/systemd/system, from their own templates and the wiring."""
    folder = tmp_path_factory.mktemp("units")
    every = "{{ query('ansible.builtin.fileglob', role_path ~ '/templates/*.service.j2') }}"
    render(EXAMPLE, folder, "-e", json.dumps({"every": every}), of_groups=ROLES)
    files = {}
    for _, role, name, text in bundled(folder):
        own = re.search(r"^Description=", text, re.M)
        files[name if own else f"{name}.d/{role}.conf"] = text
    return files


@pytest.fixture(scope="session", params=DEBIANS)
def debian(request, tmp_path_factory):
    """A Debian with the packages' units, those of Jitsi's packages included."""
    machine = Machine(root_filesystems()[DEBIANS[request.param]], tmp_path_factory.mktemp(request.param))
    machine.release = request.param
    for unit in (ROOT / "lab/packages").glob("*/*/**/systemd/system/*.service"):
        shutil.copy(unit, machine.root / "usr/lib/systemd/system")
    yield machine
    machine.close()
