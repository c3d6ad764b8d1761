"""The wiring against what was written down by hand: settings, secrets and who reaches whom, per kind of machine."""

import re
from pathlib import Path

import pytest
import yaml
from settings import SEED

from toolkit.secrets.secret_for import secret_for

pytestmark = pytest.mark.xdist_group("wiring")  # Ansible evaluates it once
HERE = Path(__file__).parent
ROLES = tuple(f"{path.name}_" for path in (HERE.parents[1] / "roles").iterdir())
EXPECTED = yaml.safe_load((HERE / "expected.yml").read_text())
FILES = yaml.safe_load((HERE / "files.yml").read_text())
KINDS = [kind for kind in EXPECTED if kind != "every"]
# Judged by tests of their own: the firewall below, sizes and texts in tests/unit, what `make verify` is told there.
ELSEWHERE = re.compile(
    r"base_firewall|openstack_(network|preflight)_security_groups|openstack_preflight_servers|\w+_memory_mb|(customer|conference_check|summary)_.*"
)
# Steps on the way to a role's variable, which bear the role's name.
STEPS = {
    *("jicofo_strategies", "login_backends", "web_login_page"),
    "web_telephone",
}

# Who reaches each kind of machine at which port, besides ICMP.
EVERYWHERE = {"meet tcp 22"}
REACHED = {
    "meet": {"operators tcp 22", "world tcp 80", "world tcp 443", "videobridges tcp 5222", "recorders tcp 5222",
             "gateways tcp 5222"},
    "jvb-2": {"operators tcp 22", "world udp 10000"},
    "turn-2": {"operators tcp 22", "world tcp 80", "world tcp 443", "world udp 3478", "world udp 49152-65535"},
    "ldap": {"meet tcp 636"},
    "stream": {"operators tcp 22", "world tcp 80", "world tcp 443", "publishers tcp 1936", "recorders tcp 1936"},
    "jibri-1": set(),
    "sip-1": {"operators tcp 22", "world tcp 80", "trunk tcp 5061", "trunk udp 17000-17999"},
}  # fmt: skip
# Whom each kind of machine reaches, besides what all reach.
ALL_REACH = {
    "world udp 53",
    "world tcp 53",
    "world udp 67",
    "world udp 547",
    "world udp 123",
    "world tcp 80",
    "world tcp 443",
}
REACHES = {
    "meet": {"jitsi tcp 22", "directories tcp 636"},
    "jvb-2": {"meet tcp 5222", "world udp 1024-65535"},
    "turn-2": {"world udp 1024-65535"},
    "ldap": set(),
    "stream": set(),
    "jibri-1": {"meet tcp 5222", "world udp 10000", "streamers tcp 1936", "world tcp 22"},
    "sip-1": {"meet tcp 5222", "world udp 10000", "trunk udp 1024-65535", "world tcp 5071"},
}  # fmt: skip
ADDRESSES = {
    "10.71.0.11": "meet", "10.71.0.12/31": "videobridges", "10.71.0.16": "directories", "10.71.0.17": "streamers",
    "10.71.0.18": "recorders", "10.71.0.19": "gateways", "192.0.2.99": "operators", "192.0.2.88": "publishers",
    "192.0.2.0/24": "trunk", "10.71.0.11, 10.71.0.12/30, 10.71.0.16/30, 10.77.0.0/24": "jitsi", "fd77::/64": "jitsi",
}  # fmt: skip


def plain(value, words):
    """The value with each secret, and each path of this run, as the word for it."""
    if isinstance(value, str):
        for found, word in words.items():
            value = value.replace(found, word)
        return value
    if isinstance(value, list):
        return [plain(item, words) for item in value]
    return {key: plain(item, words) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("kind", KINDS)
def test_roles_are_given_what_the_settings_say(given, words, kind):
    variables = {
        name: plain(value, words)
        for name, value in given[kind].items()
        if name.startswith((*ROLES, "server_planned")) and not ELSEWHERE.fullmatch(name) and name not in STEPS
    }
    assert variables == EXPECTED["every"] | EXPECTED[kind]


@pytest.fixture
def words(given):
    """What stands for secrets and paths of this run in expected.yml."""
    meet = given["meet"]
    purposes = re.findall(r"\bsecret ([\w/-]+)", (HERE / "expected.yml").read_text())
    paths = {meet["openstack_server_known_hosts"].removesuffix("/known_hosts"): "STATE"}
    paths |= {
        meet["openstack_server_private_key_file"]: "KEY",
        str(HERE.parents[1] / "inventories/example-full"): "CUSTOMER",
    }
    return {secret_for(SEED, purpose): f"secret {purpose}" for purpose in purposes} | paths


@pytest.mark.parametrize("name", FILES)
def test_files_say_what_the_settings_say(files, words, name):
    lines = {line.strip() for line in plain(files[name], words).splitlines()}
    assert [line for line in FILES[name] if line not in lines] == []


def test_daemons_that_share_a_group_read_no_secret_of_each_other(files, words):
    """Jitsi's daemons have a group of that name: what it may read holds no password."""
    tasks = [
        task
        for file in (HERE.parents[1] / "roles").glob("*/tasks/*.yml")
        for task in yaml.safe_load(file.read_text())
        if "ansible.builtin.template" in task
    ]
    templates = [task["ansible.builtin.template"] for task in tasks]
    open_to_all = {
        template["src"].removesuffix(".j2")
        for template in templates
        if template.get("group") == "jitsi" and template["mode"] != "0600"
    }
    secrets = [value for value, word in words.items() if word.startswith("secret ")]
    kept = {name: any(secret in text for secret in secrets) for name, text in files.items()}
    assert {"meet/jicofo.conf", "jvb-2/jvb.conf"} <= {name for name in kept if kept[name]}
    assert {"meet/logging.properties"} <= {name for name in kept if name.partition("/")[2] in open_to_all}
    assert [name for name in kept if kept[name] and name.partition("/")[2] in open_to_all] == []


def of_nftables(rules, direction):
    """{"peer protocol port"} of a host's nftables rules, but for ICMP."""
    pattern = rf"(?:ip6? {direction} {{ (.*) }} )?(tcp|udp) dport (\S+) (?:accept|goto visitors) comment .*"
    found = [re.fullmatch(pattern, rule) for rule in rules if "icmp" not in rule]
    assert all(found), rules
    return {f"{ADDRESSES[match[1]] if match[1] else 'world'} {match[2]} {match[3]}" for match in found}


def of_security_groups(host, direction):
    """The same of the security groups that a host's server has."""
    groups = {group["name"]: group["rules"] for group in host["openstack_network_security_groups"]}
    said = set()
    for rule in (rule for name in host["server_planned"]["security_groups"] for rule in groups[name]):
        if rule["direction"] != direction or "icmp" in rule["protocol"]:
            continue
        peer = (rule["remote_group"] or "").removeprefix("wired-") or (
            "world" if rule["remote_ip_prefix"] in ("0.0.0.0/0", "::/0")
            else ADDRESSES[rule["remote_ip_prefix"].removesuffix("/32")]
        )  # fmt: skip
        ports = sorted({str(rule["port_range_min"]), str(rule["port_range_max"])}, key=int)
        said.add(f"{peer} {rule['protocol']} {'-'.join(ports)}")
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_both_firewalls_let_in_and_out_what_is_written_down(given, kind):
    host = given[kind]
    rules = host["base_firewall"]
    assert of_nftables(rules["input"], "saddr") == of_security_groups(host, "ingress") == REACHED[kind] | EVERYWHERE
    assert of_nftables(rules["output"], "daddr") == of_security_groups(host, "egress") == REACHES[kind] | ALL_REACH


def test_moderators_are_told_where_they_log_in(given):
    """In the summary, and by make users."""
    address = "https://wired.test/login"
    assert given["meet"]["summary_login_url"] == given["meet"]["customer_people"]["url"] == address


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_the_world_reaches_has_a_public_address(given, kind):
    from_outside = {rule.split()[0] for rule in REACHED[kind]} & {"world", "trunk", "publishers"}
    assert given[kind]["server_planned"]["public"] == bool(from_outside)
