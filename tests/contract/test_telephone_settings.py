"""What a customer with a telephone can choose: single values, and the plan that is shown."""

import copy

import pytest
import yaml
from contract import PLAN, SETTINGS, judge, play, write_customer

GROUPS = PLAN | {"jitsi": [*PLAN["jitsi"], "acme-sip-1"], "gateways": ["acme-sip-1"]}
TRUNK = {"host": "sip.trunk.example", "networks": ["192.0.2.0/24"]}
NUMBER = {"country": "DE", "number": "+49 30 123456"}
GATEWAY = {
    "cloud_flavors": SETTINGS["cloud_flavors"] | {"gateway": "m1.small"},
    "jitsi_trunk": TRUNK,
    "jitsi_dial_in_numbers": [NUMBER],
}
SECRET = {"jitsi_trunk_password": "a-password-of-the-trunk"}


def said(changes):
    """What is said of a customer with a gateway who chose this besides."""
    return judge(copy.deepcopy(SETTINGS | GATEWAY | changes), GROUPS)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"jitsi_trunk": TRUNK | {"user": "4930123456"}} | SECRET,
        {"jitsi_trunk": TRUNK | {"user": "4930123456", "auth_user": "4930123456@trunk.example"}} | SECRET,
        {"jitsi_trunk": TRUNK | {"host": "192.0.2.5", "port": 5080, "transport": "tcp"}},
        {"jitsi_trunk": TRUNK | {"transport": "tls", "srtp": True, "codecs": ["opus", "G722", "PCMA"]}},
        {"jitsi_dial_in_numbers": [NUMBER | {"toll_free": True}, {"country": "CH", "number": "+41 (0)44 123-456"}]},
        {"jitsi_dial_in_lines": 100},
    ],
)
def test_what_can_work_is_taken(settings):
    assert said(settings) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("host", value) for value in ("sip.trunk.example:5060", "2001:db8::1", "Trunk", "a b", "")),
        *(("port", value) for value in (0, 65536, "5060")),
        ("transport", "sctp"),
        ("user", "a b"),
        *(("networks", value) for value in ([], ["192.0.2.0/24"] * 2)),
        ("srtp", "yes please"),
        *(("codecs", value) for value in ([], ["PCMA", "PCMA"])),
    ],
)
def test_what_cannot_work_is_one_sentence(key, value):
    secret = SECRET if key == "user" else {}
    [error] = said({"jitsi_trunk": TRUNK | {key: value}} | secret)
    assert error.startswith(f"jitsi_trunk.{key} is ")
    assert ": write " in error


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"jitsi_trunk": TRUNK | {"networks": ["2001:db8::/32"]}}, "jitsi_trunk.networks[0]"),
        ({"jitsi_trunk": TRUNK | {"networks": ["192.0.2.5"]}}, "jitsi_trunk.networks[0]"),
        ({"jitsi_trunk": TRUNK | {"codecs": ["G729"]}}, "jitsi_trunk.codecs[0]"),
        ({"jitsi_dial_in_numbers": [NUMBER | {"country": "de"}]}, "jitsi_dial_in_numbers[0].country"),
        ({"jitsi_dial_in_numbers": [NUMBER | {"number": "030 123456"}]}, "jitsi_dial_in_numbers[0].number"),
        ({"jitsi_dial_in_numbers": [{"number": "+49 30 123456"}]}, "jitsi_dial_in_numbers[0].country"),
        ({"jitsi_dial_in_lines": 0}, "jitsi_dial_in_lines"),
        ({"jitsi_dial_in_lines": 101}, "jitsi_dial_in_lines"),
    ],
)
def test_every_item_has_its_limits(changes, name):
    [error] = said(changes)
    assert error.startswith(f"{name} is ")


def test_a_login_with_its_domain_has_a_place_of_its_own():
    """As providers write them; calls are for what stands before the @, or for a number."""
    [error] = said({"jitsi_trunk": TRUNK | {"user": "anna@trunk.example"}} | SECRET)
    assert error.startswith('jitsi_trunk.user is "anna@trunk.example": write ')
    assert error.endswith(" and a login with @ as jitsi_trunk.auth_user.")
    [error] = said({"jitsi_trunk": TRUNK | {"user": "anna", "auth_user": 'a"b@trunk.example'}} | SECRET)
    assert error.startswith("jitsi_trunk.auth_user is ")


def test_a_password_is_refused_without_being_quoted():
    [error] = said({"jitsi_trunk": TRUNK | {"user": "4930"}, "jitsi_trunk_password": "two words"})
    assert error.startswith("jitsi_trunk_password is refused, and not shown because it is secret: write ")


def test_the_plan_shows_gateways_and_no_secret(tmp_path):
    hosts = {group: {"hosts": dict.fromkeys(GROUPS[group])} for group in GROUPS if group not in ("all", "ungrouped")}
    del hosts["jitsi"]
    settings = SETTINGS | GATEWAY | SECRET | {"jitsi_trunk": TRUNK | {"user": "4930", "transport": "tls"}}
    folder = write_customer(tmp_path / "acme", settings, yaml.safe_load(yaml.safe_dump({"jitsi": {"children": hosts}})))
    done = play(folder, "plan")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "acme-sip-1 m1.small local disk gateways",
        "meet 5222/tcp from gateways gateways log in to prosody",
        "gateways 5061/tcp from the SIP trunk calls from the telephone",
        "gateways 17000-17999/udp from the SIP trunk sound of calls",
        "sip-1.meet.acme.example -> floating IP of acme-sip-1",
        "1 x telephone gateway: 10 calls at the same time",
    ):
        assert line in lines, done.stdout
    assert SECRET["jitsi_trunk_password"] not in done.stdout + done.stderr
