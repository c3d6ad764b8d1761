"""The firewall that every host has, loaded into a kernel of its own that packets reach from outside."""

import subprocess
import sys

import pytest
import yaml
from jinja2 import Environment
from rendering import ROOT

SHELL = "ansible.builtin.shell"
# Run in a network of its own with the rules' file as argument: packets come in at "host" from the other end of a cable,
# from addresses that were never asked anything. Prints the first thing that a DHCP client hears.
PACKETS = """
import socket, struct, subprocess, sys

def sh(script):
    subprocess.run(["sh", "-ec", script], check=True)

sh("ip link set lo up; ip link add host address 02:00:00:00:00:02 type veth peer name outside;"
   "ip link set host up; ip link set outside up; ip address add 10.71.0.99/24 dev host")
subprocess.run([sys.argv[1], "-f", sys.argv[2]], check=True)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.bind(("10.71.0.99", 68))
client.settimeout(30)
cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
cable.bind(("outside", 0))

def send(source, sport, dport, said):
    def header(checksum):
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(said), 0, 0, 64, 17, checksum,
                           socket.inet_aton(source), socket.inet_aton("10.71.0.99"))
    total = sum(struct.unpack("!10H", header(0)))
    total = (total & 0xFFFF) + (total >> 16)
    udp = struct.pack("!HHHH", sport, dport, 8 + len(said), 0)
    cable.send(b"\\2\\0\\0\\0\\0\\2" + b"\\2\\0\\0\\0\\0\\1" + b"\\x08\\x00" + header(~total & 0xFFFF) + udp + said)

send("10.71.0.3", 1067, 68, b"from another port")
send("10.71.0.3", 67, 68, b"a lease")
print(client.recv(100).decode())
"""

# Run in the same way: the metadata service is this host; a daemon's user asks it, then root. Prints who is answered.
METADATA = """
import encodings.idna, os, socket, subprocess, sys

addresses = {socket.AF_INET: "169.254.169.254", socket.AF_INET6: "fd00:ec2::254"}
script = "ip link set lo up;" + ";".join(f"ip address add {address} dev lo" for address in addresses.values())
subprocess.run(["sh", "-ec", script], check=True)
subprocess.run([sys.argv[1], "-f", sys.argv[2]], check=True)
for family, address in addresses.items():
    service = socket.create_server((address, 80), family=family)
    for user in (65534, 0):
        os.seteuid(user)
        try:
            socket.create_connection((address, 80), 5).close()
            print(user, address, flush=True)
        except OSError:
            pass
        finally:
            os.seteuid(0)
"""


def rules_file(folder, **given):
    """The file that a host without a matrix would get."""
    template = Environment(autoescape=False)  # noqa: S701 - it prints rules of nftables, no page
    template.filters["comment"] = "# {}".format
    rules = folder / "nftables.conf"
    rules.write_text(
        template.from_string((ROOT / "roles/base/templates/nftables.conf.j2").read_text()).render(
            ansible_managed="",
            base_firewall={"input": [], "output": given.get("output", [])},
            base_within=given.get("within", []),
            base_visitor_connections=300,
        )
    )
    return rules


def test_only_root_asks_the_clouds_metadata_service(program, tmp_path):
    """Whatever else a host may reach."""
    rules = rules_file(tmp_path, output=["accept"], within=["accept"])
    command = ["unshare", "--net", sys.executable, "-c", METADATA, program("nft", "nftables"), rules]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "0 169.254.169.254\n0 fd00:ec2::254\n", done.stderr


def test_a_lease_arrives_from_whichever_dhcp_server_answers(program, tmp_path):
    command = ["unshare", "--net", sys.executable, "-c", PACKETS, program("nft", "nftables"), rules_file(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "a lease\n", done.stderr


VISITOR = "nft add element inet filter openings_4 '{ 192.0.2.1 . 443 limit rate over 30/second burst 300 packets }'"


@pytest.mark.parametrize(
    ("by_hand", "said"),
    [
        ("", ""),
        (VISITOR, ""),
        ("nft flush ruleset", "loaded\n"),
        ("nft insert rule inet filter input accept", "loaded\n"),
        ("nft flush chain inet filter output", "loaded\n"),
    ],
)
def test_rules_that_somebody_changed_by_hand_are_loaded_again(program, tmp_path, by_hand, said):
    program("nft", "nftables")
    (task,) = [t for t in yaml.safe_load((ROOT / "roles/base/tasks/firewall.yml").read_text()) if SHELL in t]
    again = task[SHELL]["cmd"].replace("/etc/nftables.conf", str(rules_file(tmp_path)))
    listed = "nft --stateless --terse list ruleset"
    script = f"nft -f {tmp_path}/nftables.conf; {listed} > before; {by_hand}\n{again}"
    network = ["unshare", "--net", "sh", "-ec", f"({script}); {listed} > after"]
    done = subprocess.run(network, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (said, "", 0)
    assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text() != ""
