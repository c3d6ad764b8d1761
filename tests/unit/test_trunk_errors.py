import pytest

from toolkit.relations.trunk_errors import trunk_errors

TRUNK = {"host": "sip.trunk.example", "networks": ["192.0.2.0/24"]}
LOGIN = {"jitsi_trunk": TRUNK | {"user": "4930"}, "jitsi_trunk_password": "secret"}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"jitsi_trunk": {}},
        {"jitsi_trunk": TRUNK},
        LOGIN,
        LOGIN | {"jitsi_trunk": LOGIN["jitsi_trunk"] | {"auth_user": "4930@trunk.example"}},
        {"jitsi_trunk": TRUNK | {"transport": "tls", "srtp": True}},
        {"jitsi_trunk": TRUNK | {"srtp": False}},
        {"jitsi_trunk": "junk"},
        {"jitsi_trunk": TRUNK | {"networks": ["10.0.0.0/9"]}, "cloud_network_cidr": "10.128.0.0/24"},
        {"jitsi_trunk": TRUNK | {"networks": ["198.0.0.0/8"]}},
        {"jitsi_trunk": TRUNK | {"host": "192.0.2.5", "networks": ["198.51.100.0/24", "192.0.2.4/31"]}},
    ],
)
def test_what_can_work_is_taken(settings):
    assert trunk_errors(settings) == []


def test_a_trunk_needs_a_server_and_networks():
    assert trunk_errors({"jitsi_trunk": {"port": 5060}}) == [
        "jitsi_trunk.host is missing: write the name of the provider's SIP server.",
        "jitsi_trunk.networks is missing: write the networks calls come from, such as 192.0.2.0/24.",
    ]


def test_login_and_password_belong_together():
    assert trunk_errors({"jitsi_trunk": LOGIN["jitsi_trunk"]}) == [
        "jitsi_trunk.user needs jitsi_trunk_password: write it in group_vars/jitsi/vault.yml."
    ]
    assert trunk_errors(LOGIN | {"jitsi_trunk": TRUNK}) == [
        "jitsi_trunk_password means nothing without jitsi_trunk.user: write the login or remove it."
    ]


@pytest.mark.parametrize("password", [{}, {"jitsi_trunk_password": "secret"}])
def test_a_login_is_that_of_a_user(password):
    assert trunk_errors(password | {"jitsi_trunk": TRUNK | {"auth_user": "4930@trunk.example"}}) == [
        "jitsi_trunk.auth_user means nothing without jitsi_trunk.user: write the number calls are for or remove it."
    ]


@pytest.mark.parametrize("transport", [{}, {"transport": "udp"}, {"transport": "tcp"}])
def test_keys_are_not_sent_in_the_open(transport):
    [error] = trunk_errors({"jitsi_trunk": TRUNK | {"srtp": True} | transport})
    assert error.startswith("jitsi_trunk.srtp is true and the keys would be sent for everybody to read: ")


PROVIDERS = "write the provider's networks, such as 192.0.2.0/24."


@pytest.mark.parametrize(
    ("network", "why"),
    [
        ("0.0.0.0/0", "is wider than a provider can be"),
        ("192.0.0.0/7", "is wider than a provider can be"),
        ("0.0.0.0/32", "is nobody's"),
        ("127.0.0.1/32", "is the gateway itself"),
        ("169.254.169.254/32", "does not leave a link"),
        ("224.0.0.0/8", "is for groups of receivers"),
        ("255.255.255.255/32", "is nobody's"),
        ("10.71.0.128/25", "meets cloud_network_cidr, 10.71.0.0/24"),
        ("10.0.0.0/8", "meets cloud_network_cidr, 10.71.0.0/24"),
    ],
)
def test_networks_that_are_no_providers_are_refused(network, why):
    settings = {"jitsi_trunk": TRUNK | {"networks": ["192.0.2.0/24", network]}, "cloud_network_cidr": "10.71.0.0/24"}
    assert trunk_errors(settings) == [f"jitsi_trunk.networks has {network}, which {why}: {PROVIDERS}"]


def test_a_server_known_by_its_address_is_answered():
    assert trunk_errors({"jitsi_trunk": TRUNK | {"host": "198.51.100.5"}}) == [
        "jitsi_trunk.host is 198.51.100.5 and in none of jitsi_trunk.networks, so that its calls would get no answer: "
        "write 198.51.100.5/32 there, too."
    ]


@pytest.mark.parametrize("networks", [[5], [None], ["192.0.2.5"], ["192.0.2.5/24"], ["fd00::/8"], [[]], {"a": 1}, "x"])
@pytest.mark.parametrize("own", [None, 5, "", "10.71.0.1/24"])
def test_networks_that_are_none_are_passed_over(networks, own):
    trunk = TRUNK | {"host": "198.51.100.5", "networks": networks}
    assert trunk_errors({"jitsi_trunk": trunk, "cloud_network_cidr": own}) == []
