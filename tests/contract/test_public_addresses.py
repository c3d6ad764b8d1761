"""Which addresses of a server are published, listened on and asked for: only what the world reaches."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FACTS = "{{ (public_host_records | map(attribute='value')) + turn_listening_addresses + verify_host.public }}"


@pytest.mark.parametrize(("address", "is_public"), [("2001:db8:71::7", True), ("fd71::7", False)])
def test_only_global_unicast_ipv6_addresses_are_published_listened_on_and_verified(address, is_public):
    server = {
        "server_public_ipv4": "198.51.100.7",
        "server_private_ipv4": "10.71.0.7",
        "server_public_ipv6": address,
        "jitsi_seed": "not used",
    }
    plan, host = ROOT / "inventories/example-small/plan.yml", "example-small-turn-1"
    command = ["ansible", "-i", plan, host, "--playbook-dir", ROOT / "playbooks", "-m", "debug", "-a", f"msg={FACTS}"]
    done = subprocess.run(
        [*command, "-e", json.dumps(server)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = re.findall(r"^ +- (\S+)$", done.stdout.replace("'", ""), re.MULTILINE)
    ipv6 = [address] * is_public
    assert shown == ["198.51.100.7", *ipv6, "10.71.0.7", *ipv6, "198.51.100.7", *ipv6], done.stdout
