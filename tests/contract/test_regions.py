"""The region where a customer's data lies is one that was allowed, and not only a part of its name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from contract import ROOT

PLAY = """
- hosts: localhost
  gather_facts: false
  roles: [openstack_preflight]
"""


def refused(folder, region, allowed):
    """What the role says of a cloud in that region that nobody answers for."""
    cloud = {"auth": {"auth_url": "http://127.0.0.1:9/v3", "username": "x", "password": "x", "project_name": "x"}}
    cloud |= {"region_name": region} if region else {}
    (folder / "clouds.yaml").write_text(json.dumps({"clouds": {"acme": cloud}}))
    (folder / "play.yml").write_text(PLAY)
    settings = {
        "customer": "acme", "cloud": "acme", "regions_allowed": allowed, "image": "debian", "servers": [],
        "external_network": "public", "networks": [], "security_groups": [], "zone_errors": [],
    }  # fmt: skip
    files = {"OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    given = {f"openstack_preflight_{name}": value for name, value in settings.items()}
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), folder / "play.yml", "-e", json.dumps(given)],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | files,
    )  # fmt: skip
    assert done.returncode != 0
    return "cloud_regions_allowed" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("region", "allowed", "expected"),
    [
        ("RegionOne", ["RegionOne"], False),  # the next task finds no cloud
        ("RegionOne", ["RegionTwo", "RegionOne"], False),
        ("Region", ["RegionOne"], True),
        ("RegionOne", ["RegionOneTwo"], True),
        ("", ["RegionOne"], True),
    ],
)
def test_a_region_is_allowed_by_its_whole_name(tmp_path, region, allowed, expected):
    assert refused(tmp_path, region, allowed) == expected
