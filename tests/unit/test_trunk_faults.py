import pytest
from trunk_faults import trunk_faults

TRUNK = {"host": "sip.trunk.example", "networks": ["192.0.2.0/24"]}
LOGIN = {"jitsi_trunk": TRUNK | {"user": "4930"}, "jitsi_trunk_password": "secret"}


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"jitsi_trunk": {}},
        {"jitsi_trunk": TRUNK},
        LOGIN,
        {"jitsi_trunk": TRUNK | {"transport": "tls", "srtp": True}},
        {"jitsi_trunk": TRUNK | {"srtp": False}},
        {"jitsi_trunk": "junk"},
    ],
)
def test_what_can_work_is_taken(choices):
    assert trunk_faults(choices) == []


def test_a_trunk_needs_a_server_and_networks():
    assert trunk_faults({"jitsi_trunk": {"port": 5060}}) == [
        "jitsi_trunk.host is missing: write the name of the provider's SIP server.",
        "jitsi_trunk.networks is missing: write the networks calls come from, such as 192.0.2.0/24.",
    ]


def test_login_and_password_belong_together():
    assert trunk_faults({"jitsi_trunk": LOGIN["jitsi_trunk"]}) == [
        "jitsi_trunk.user needs jitsi_trunk_password: write it in group_vars/jitsi/vault.yml."
    ]
    assert trunk_faults(LOGIN | {"jitsi_trunk": TRUNK}) == [
        "jitsi_trunk_password means nothing without jitsi_trunk.user: write the login or remove it."
    ]


@pytest.mark.parametrize("transport", [{}, {"transport": "udp"}, {"transport": "tcp"}])
def test_keys_are_not_sent_in_the_open(transport):
    [fault] = trunk_faults({"jitsi_trunk": TRUNK | {"srtp": True} | transport})
    assert fault.startswith("jitsi_trunk.srtp is true and the keys would be sent for everybody to read: ")
