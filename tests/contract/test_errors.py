"""Every kind of error, and the very sentence an operator reads."""

import copy
import re

import pytest
from contract import DEFAULTS, PLAN, SCHEMA, SETTINGS, fix, judge

from toolkit.settings.setting_errors import GUESSES


def changed(path, value):
    """SETTINGS with the value at path (a.b) replaced."""
    settings = copy.deepcopy({**DEFAULTS, **SETTINGS})
    *parents, last = path.split(".")
    inner = settings
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[last] = value
    return settings


FAULTS = [
    # unknown keys, at every depth
    ("jitsi_domian", "x", "jitsi_domian is not a setting: write jitsi_domain."),
    ("cloud_domain", "x", "cloud_domain is not a setting: write jitsi_domain."),
    ("jitsi_xyzzy", "x", "jitsi_xyzzy is not a setting: docs/settings.md lists all of them."),
    ("jitsi_certificate.mod", "acme", "jitsi_certificate.mod is not a setting: write jitsi_certificate.mode."),
    (
        "cloud_flavors.xyzzy",
        "a",
        "cloud_flavors.xyzzy is not a setting: cloud_flavors has directory, gateway, meet, recorder, streamer, turn, "
        "videobridge.",
    ),
    ("jitsi_plans.team.user", 1, "jitsi_plans.team.user is not a setting: write jitsi_plans.team.users."),
    (
        "jitsi_plans.team.machines.bridges",
        1,
        "jitsi_plans.team.machines.bridges is not a setting: write jitsi_plans.team.machines.videobridges.",
    ),
    # former names
    ("jitsi_stream_word", "a-password", "jitsi_stream_word is now jitsi_stream_viewer_password: rename it."),
    ("jitsi_log_days", 7, "jitsi_log_days is now jitsi_log_retention_days: rename it."),
    # recordings
    (
        "jitsi_recording_target",
        {"kind": "webdav", "folder": "recordings/../.."},
        'jitsi_recording_target.folder is "recordings/../..": write a folder such as recordings or acme/recordings '
        "(a-z, 0-9, . _ -), without / in front.",
    ),
    (
        "jitsi_recording_target",
        {"kind": "webdav", "url": "http://cloud.acme.example"},
        'jitsi_recording_target.url is "http://cloud.acme.example": write an address beginning with https:// and the '
        "name of a server, without login.",
    ),
    (
        "jitsi_recording_recipients",
        ["ssh-ed25519 AAAA"],
        'jitsi_recording_recipients[0] is "ssh-ed25519 AAAA": write a public key of age (age1..., age-keygen '
        "shows it).",
    ),
    (
        "jitsi_recording_retention_days",
        0,
        "jitsi_recording_retention_days is 0: write a whole number of days from 1 to 3650.",
    ),
    # types
    ("jitsi_log_retention_days", "14", 'jitsi_log_retention_days is "14": write a whole number of days from 1 to 14.'),
    ("jitsi_log_retention_days", True, "jitsi_log_retention_days is true: write a whole number of days from 1 to 14."),
    ("jitsi_log_retention_days", None, "jitsi_log_retention_days is empty: write a whole number of days from 1 to 14."),
    ("jitsi_release", 2.0, "jitsi_release is 2.0: write it in quotes, because it is a text."),
    (
        "cloud_name",
        ["a"],
        f"cloud_name is a list of 1: write {fix('cloud_name')}.",
    ),
    ("cloud_name", "", None),
    (
        "cloud_flavors",
        "m1",
        'cloud_flavors is "m1": write a mapping of meet, videobridge, turn, directory, streamer, recorder, gateway.',
    ),
    (
        "jitsi_moderators",
        "anna",
        'jitsi_moderators is "anna": write a list of login names and none twice.',
    ),
    ("cloud_volume_gb.meet", 1.5, "cloud_volume_gb.meet is 1.5: write a whole number of GB from 0 to 2000."),
    # settings
    ("jitsi_certificate.mode", "acne", 'jitsi_certificate.mode is "acne": write acme.'),
    ("jitsi_certificate.mode", "none", 'jitsi_certificate.mode is "none": write one of acme, files, own_ca.'),
    ("jitsi_certificate.mode", False, "jitsi_certificate.mode is false: write one of acme, files, own_ca."),
    ("jitsi_plan", "offise", 'jitsi_plan is "offise": write office.'),
    ("jitsi_features", ["polls", "pols"], 'jitsi_features[1] is "pols": write polls.'),
    ("jitsi_start_muted", ["speaker"], 'jitsi_start_muted[0] is "speaker": write one of microphone, camera.'),
    ("jitsi_peer_to_peer", "direct", 'jitsi_peer_to_peer is "direct": write one of none, relayed.'),
    (
        "jitsi_relay_limits.relays",
        -1,
        "jitsi_relay_limits.relays is -1: write a whole number of connections from 0, for no limit, to 100000.",
    ),
    (
        "jitsi_relay_limits.mbit_per_relay",
        1001,
        "jitsi_relay_limits.mbit_per_relay is 1001: write a whole number of Mbit/s from 0, for no limit, to 1000.",
    ),
    (
        "jitsi_relay_limits.mbit",
        "1G",
        'jitsi_relay_limits.mbit is "1G": write a whole number of Mbit/s from 0, for no limit, to 100000.',
    ),
    (
        "jitsi_relay_limits.relay",
        1,
        "jitsi_relay_limits.relay is not a setting: write jitsi_relay_limits.relays.",
    ),
    ("jitsi_consent", False, "jitsi_consent is false: write one of consent, welcome, none."),
    ("jitsi_consent_cookie_days", 366, "jitsi_consent_cookie_days is 366: write a whole number of days from 1 to 365."),
    (
        "jitsi_consent_exempt",
        ["192.0.2.7"],
        'jitsi_consent_exempt[0] is "192.0.2.7": write a network such as 192.0.2.0/24.',
    ),
    (
        "jitsi_frame_ancestors",
        ["https://intranet.acme.example/start; script-src *"],
        'jitsi_frame_ancestors[0] is "https://intranet.acme.example/start; script-src *": '
        "write https:// and the name of a site such as https://intranet.acme.example.",
    ),
    ("jitsi_page_colors.dark.text", "red", 'jitsi_page_colors.dark.text is "red": write a colour such as "#0b57d0".'),
    ("jitsi_service_name", "<b>", f'jitsi_service_name is "<b>": write {fix("jitsi_service_name")}.'),
    (
        "jitsi_plan",
        "tiny",
        'jitsi_plan is "tiny": write one of start, team, office, campus, authority, large, individual.',
    ),
    ("jitsi_release", "2.0.11147", 'jitsi_release is "2.0.11147": write 2.0.11146.'),
    # ranges and patterns
    ("jitsi_log_retention_days", 0, "jitsi_log_retention_days is 0: write a whole number of days from 1 to 14."),
    ("jitsi_log_retention_days", 15, "jitsi_log_retention_days is 15: write a whole number of days from 1 to 14."),
    (
        "jitsi_log_retention_days",
        16**500,
        "jitsi_log_retention_days is a number of 2001 bits: write a whole number of days from 1 to 14.",
    ),
    (
        "jitsi_domain",
        "meet",
        'jitsi_domain is "meet": write a domain name in lower case such as meet.acme.example, 110 characters at most '
        "and not over 60 dots and hyphens.",
    ),
    ("jitsi_domain", "Meet.Acme.example", None),
    ("jitsi_domain", "192.0.2.1", None),
    ("jitsi_domain", "meet.acme.example.", None),
    ("jitsi_domain", "-meet.acme.example", None),
    ("jitsi_domain", "https://meet.acme.example", None),
    ("jitsi_domain", "mëet.acme.example", None),
    (
        "jitsi_contact_email",
        "it.acme.example",
        'jitsi_contact_email is "it.acme.example": write an e-mail address such as it@acme.example.',
    ),
    (
        "jitsi_privacy_url",
        "www.acme.example",
        'jitsi_privacy_url is "www.acme.example": write the address of a page such as https://www.acme.example/imprint.',
    ),
    ("jitsi_privacy_url", "javascript:alert(1)", None),
    ("jitsi_imprint_url", 'https://a.example/"onclick', None),
    (
        "jitsi_domain",
        "meet.acme.example\nx",
        'jitsi_domain is "meet.acme.example\\nx": '
        "write a domain name in lower case such as meet.acme.example, 110 characters at most and not over 60 dots and "
        "hyphens, without control characters.",
    ),
    (
        "jitsi_moderators",
        [],
        "jitsi_moderators is an empty list and jitsi_moderator_source is listed, so nobody could open a room: write at "
        "least one login name, or let a directory decide with group or all.",
    ),
    (
        "jitsi_moderators",
        ["anna", "anna"],
        "jitsi_moderators is a list of 2: write a list of login names and none twice.",
    ),
    (
        "jitsi_moderators",
        ["anna", "Bernd B"],
        'jitsi_moderators[1] is "Bernd B": write a login name such as anna (a-z, 0-9, . _ -).',
    ),
    (
        "jitsi_moderators",
        ["o\\27hara"],
        'jitsi_moderators[0] is "o\\\\27hara": write a login name such as anna (a-z, 0-9, . _ -).',
    ),
    ("jitsi_moderator_source", "everybody", 'jitsi_moderator_source is "everybody": write one of listed, group, all.'),
    (
        "jitsi_moderator_promotion",
        "guests",
        'jitsi_moderator_promotion is "guests": write one of nobody, moderators, anyone.',
    ),
    (
        "jitsi_accounts",
        {"Anna": {"moderator": True, "password": 1}},
        'a key of jitsi_accounts is "Anna": write a login name such as anna (a-z, 0-9, . _ -).',
    ),
    (
        "jitsi_accounts.carla",
        {"moderator": "yes", "password": 1},
        'jitsi_accounts.carla.moderator is "yes": write true or false.',
    ),
    (
        "jitsi_accounts.carla",
        {"moderator": True, "password": 0},
        "jitsi_accounts.carla.password is refused, and not shown because it is secret: write a whole number from 1.",
    ),
    ("jitsi_seat_window_days", 0, "jitsi_seat_window_days is 0: write a whole number of days from 1 to 366."),
    ("jitsi_seat_window_days", 367, "jitsi_seat_window_days is 367: write a whole number of days from 1 to 366."),
    ("jitsi_room_moderation", "none", 'jitsi_room_moderation is "none": write one of any, own.'),
    (
        "jitsi_room_comoderators",
        {"Board": ["anna"]},
        'a key of jitsi_room_comoderators is "Board": write a name in lower case such as acme-daily (a-z, 0-9, . _ -).',
    ),
    (
        "jitsi_room_names",
        {"prefixes": [], "fixed": []},
        "jitsi_room_names.shortest is missing: write it in group_vars/jitsi/main.yml (Least number of characters, "
        "so that names are not guessed).",
    ),
    ("jitsi_room_names.prefixes", ["acme-", "acme-"], "jitsi_room_names.prefixes is a list of 2: write no name twice."),
    ("jitsi_room_names.fixed", ["a", "a"], "jitsi_room_names.fixed is a list of 2: write no name twice."),
    (
        "jitsi_room_names.fixed",
        ["Board Room"],
        'jitsi_room_names.fixed[0] is "Board Room": write a name in lower case such as acme-daily (a-z, 0-9, . _ -).',
    ),
    (
        "jitsi_room_names.prefixes",
        ["x" * 101],
        f'jitsi_room_names.prefixes[0] is "{"x" * 57}...": write a name in lower case such as acme-daily '
        "(a-z, 0-9, . _ -).",
    ),
    (
        "jitsi_room_names.shortest",
        -1,
        "jitsi_room_names.shortest is -1: write a whole number of characters from 0 to 100.",
    ),
    (
        "jitsi_room_names.shortest",
        101,
        "jitsi_room_names.shortest is 101: write a whole number of characters from 0 to 100.",
    ),
    ("jitsi_room_lobby", "on", 'jitsi_room_lobby is "on": write true or false.'),
    ("jitsi_room_password", "secret", 'jitsi_room_password is "secret": write true or false.'),
    (
        "jitsi_room_max_occupants",
        501,
        "jitsi_room_max_occupants is 501: write a whole number from 0, for no limit, to 500.",
    ),
    (
        "jitsi_room_max_occupants",
        -1,
        "jitsi_room_max_occupants is -1: write a whole number from 0, for no limit, to 500.",
    ),
    (
        "cloud_network_cidr",
        "10.71.0.1/24",
        None,
    ),
    ("cloud_network_cidr", "fd71::/64", None),
    ("cloud_network_cidr_ipv6", "10.0.0.0/8", None),
    (
        "cloud_network_cidr_ipv6",
        "fd71::/64",
        'cloud_network_cidr_ipv6 is "fd71::/64": write a public IPv6 network of 64 bits such as 2001:db8:71::/64, or '
        '"" (the world reaches 2000::/3 only; fd00::/8 and the like give it nothing).',
    ),
    ("cloud_network_cidr_ipv6", "fe80::/64", None),
    ("cloud_network_cidr_ipv6", "2::/64", None),
    (
        "cloud_ssh_networks",
        ["192.0.2.7"],
        'cloud_ssh_networks[0] is "192.0.2.7": write a network such as 192.0.2.0/24.',
    ),
    (
        "cloud_dns_servers",
        ["ns1"],
        'cloud_dns_servers[0] is "ns1": write an IP address such as 192.0.2.53.',
    ),
    (
        "cloud_ssh_public_keys",
        ["-----BEGIN OPENSSH PRIVATE KEY-----"],
        "cloud_ssh_public_keys[0] is refused, and not shown because it looks like a secret: "
        "write a public key as in ~/.ssh/id_ed25519.pub.",
    ),
    ("cloud_admin_user", "Root", 'cloud_admin_user is "Root": write a login name such as ops.'),
    # relations
    (
        "jitsi_certificate",
        {"mode": "files", "key_file": "k"},
        "jitsi_certificate.certificate_file is missing: write it in group_vars/jitsi/main.yml "
        "(File on the operator's machine with the certificate and, behind it, its intermediates (PEM), for an own CA "
        "its root, too; valid for jitsi_domain, turn-1.DOMAIN and so on for the relays, stream.DOMAIN for a streaming "
        "server, and sip-1.DOMAIN and so on for gateways whose trunk speaks TLS).",
    ),
    (
        "cloud_dns",
        {"mode": "designate"},
        "cloud_dns.zone is missing: write it in group_vars/jitsi/main.yml "
        "(Zone in Designate that holds the records, with or without the final dot).",
    ),
    (
        "jitsi_repository",
        {"url": "https://a.example", "suite": "stable/"},
        "jitsi_repository is incomplete: write jitsi_repository.key_url or jitsi_repository.key_file.",
    ),
    (
        "jitsi_repository.key_url",
        "http://packages.acme.example/key.asc",
        'jitsi_repository.key_url is "http://packages.acme.example/key.asc": write an address beginning with https:// '
        "and the name of a server, without login, with %24 for $ and the like.",
    ),
    (
        "jitsi_repository.key_file",
        "k",
        "jitsi_repository.key_url and jitsi_repository.key_file exclude each other: write only one of them.",
    ),
    # catalogues
    ("jitsi_plans.team", 5, "jitsi_plans.team is 5: write a mapping of users, moderators, machines."),
    (
        "jitsi_plans.team.machines.meet",
        2,
        "jitsi_plans.team.machines.meet is 2: write 1, because signalling runs on one machine.",
    ),
    (
        "jitsi_accounts",
        {"anna": {"moderator": True}},
        "jitsi_accounts.anna.password is missing: write it in group_vars/jitsi/accounts.yml (Generation of its "
        "password).",
    ),
    ("jitsi_releases.3", {}, "jitsi_releases.3.jicofo is missing: write it in group_vars/jitsi/main.yml."),
]


@pytest.mark.parametrize(("path", "value", "sentence"), FAULTS)
def test_a_faulty_setting_is_refused_with_the_fix(path, value, sentence):
    """Where no sentence stands, the schema's own fix is expected."""
    top = path.split("[")[0]
    sentence = sentence or f"{top} is {quoted(value)}: write {fix(path)}."
    assert sentence in judge(changed(path, value))


def quoted(value):
    return '"' + value.replace('"', '\\"') + '"'


@pytest.mark.parametrize("name", SCHEMA["required"])
def test_a_missing_setting_is_asked_for(name):
    settings = {k: v for k, v in SETTINGS.items() if k != name}
    (error,) = [error for error in judge(settings) if name in error]
    assert error.startswith(f"{name} is missing: write it in group_vars/jitsi/")
    assert ("vault.yml" in error) == (name == "jitsi_seed")


@pytest.mark.parametrize("domain", [f"meet.{'a' * 53}.{'b' * 47}.test", f"meet.a{'-' * 59}a.test"])
def test_a_domain_longer_than_programs_take_is_refused_with_the_limit(domain):
    [error] = judge(changed("jitsi_domain", domain))
    assert fix("jitsi_domain") in error
    assert "110 characters" in error


def test_a_valid_customer_has_no_error():
    assert judge(SETTINGS) == []


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            "ldap",
            ["o\\27hara", "müller", "anna\\20meier", "a\\40b", "(x)", "日本"],
            ["o'hara", "Müller", "ÖZ", "a b", "a\\9x"],
        ),
        ("ad", ["svc-1", "r&d".replace("&", "\\26"), "c\\5cd"], ["corp\\anna", "anna@corp", "R1", 'a"b']),
        ("token", ["anna@acme.example", "anna meier", "o'hara"], ["Anna"]),
        ("openldap", ["anna"], ["müller", "o\\27hara"]),
        ("internal", ["anna"], ["müller", "o\\27hara", "a b"]),
    ],
)
def test_moderators_are_called_what_the_directory_calls_them(kind, good, bad):
    def refused(names):
        errors = judge(SETTINGS | {"jitsi_directory": {"kind": kind}, "jitsi_moderators": names})
        return [error for error in errors if error.startswith("jitsi_moderators")]

    assert refused(good) == []
    assert len(refused(bad)) == len(bad)


# Values that would leave their place in a file, or mean something else to the program that reads it.
HOSTILE = {
    "jitsi_consent_exempt": [
        ["fe80::1%a yes; } map $x $y { default/64"], ["10.0.0.0/255.0.0.0"], ["10.0.0.0/0x8"],
        ["::ffff:10.0.0.1%1/128"],         ["10.0.0.0/33"], ["10.0.0.0/8;"],
    ],
    "cloud_dns_servers": [["fe80::1%eth0"], ["192.0.2.53:53"], ["0x7f.1"]],
    "jitsi_imprint_url": [
        "https://www.acme.example/$request_uri", "https://www.acme.example/`id`", "https://$(reboot)/dir.html",
        "https://www.acme.example:99999/", "https://www.acme.example:0/", "https://www.acme.example:/",
        "https:///etc/pass.wd", "https://[::1/a.b", "https://user@www.acme.example/", "https://999.1.1.1/a",
        "https://www.acme.example/a b", "https://www.acme.example/a'b", "https://www.acme.example/{a}",
        "https://www.acme.example/a|b", "https://-acme.example/", "https://acme..example/",
        f"https://www.acme.example/{'x' * 3000}", "javascript://www.acme.example/", "https://www.acmé.example/",
        "https://127.0.0.1/a", "https://169.254.169.254/latest", "https://0.0.0.0/a", "https://224.0.0.1/a",
        "https://255.255.255.255/a", "https://acme.localhost/a",
    ],
    "jitsi_service_name": [" Acme", "Acme ", "AGE-SECRET-KEY-1ABC", "-----BEGIN PRIVATE KEY-----"],
    "jitsi_certificate.acme_directory": ["https://$(reboot)/dir", "https://a.example/;reboot'", "https://"],
    "jitsi_repository.url": ["https://a.example/ deb [trusted=yes]", "https://a.example/$(id)", "http://169.254.169.254/"],
    "jitsi_repository.suite": ["../x", "a/../../x", "/etc/passwd", "--help", "a//b", "x" * 200, "stable main"],
    "jitsi_state_dir": ["~nosuchuser/x", "x" * 5000, " state", "state "],
    "cloud_ssh_private_key_file": ["~nosuchuser/id"],
    "jitsi_logo_file": ["~nosuchuser/logo.svg", "x" * 5000],
    "jitsi_contact_email": ["a;id@b.cd", "a@b", "a b@c.de", "a@b..cd", "a@-b.cd", "a$x@b.cd"],
    "jitsi_trunk.host": ["999.1.1.1", "1.2.3", "-a.example", "a..example", "a" * 64 + ".example"],
    "jitsi_recording_target.host": ["999.1.1.1", "a.example/x"],
    "jitsi_directory.servers": [["ldaps://999.1.1.1"], ["ldaps://a.example:99999"], ["ldaps://a..example"]],
    "jitsi_seed": ["x" * 40, " " * 40, "ab" * 20, " " + "abcdefghij" * 4],
    "cloud_network_cidr": [
        "127.0.0.0/24", "0.0.0.0/0", "224.0.0.0/24", "169.254.0.0/16", "240.0.0.0/24", "198.51.100.0/24", "10.0.0.0/30",
    ],
    "cloud_network_cidr_ipv6": ["2001:db8::/48", "2001:db8::/96", "2001:db8::%1/64"],
    "cloud_name": ["my\\cloud", "a], x: [b", "a b", "--help", "-x"],
    "cloud_regions_allowed": [[" RegionOne"], ["RegionOne "]],
    "cloud_image": ["x" * 300, " debian-13", "debian-13 ", "a\u202eb", "a\x00b"],
}  # fmt: skip
HARMLESS = {
    "jitsi_imprint_url": ["https://www.acme.example/a?b=1&c=2;d=%24x#e", "http://192.0.2.1:8080/"],
    "jitsi_contact_email": ["it+jitsi@sub.acme-1.example"],
    "jitsi_seed": ["0123456789abcdef" * 2],
    "cloud_network_cidr": ["10.71.0.0/28", "172.16.0.0/12", "192.168.4.0/24", "100.64.0.0/16"],
    "cloud_image": ['Debian 12 (it\'s "the" one) $HOME `id`'],
    "jitsi_trunk.host": ["192.0.2.5", "sip.trunk.example", "1und1.example"],
    "jitsi_logo_file": ["~/logo.svg", "my pictures, o'hara & co/logo.svg", "../logo.svg"],
}


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in HOSTILE.items() for value in values])
def test_a_value_that_would_leave_its_place_is_refused(path, value):
    errors = [error for error in judge(changed(path, value)) if re.match(rf"{re.escape(path)}(\[0\])? is ", error)]
    assert len(errors) == 1
    assert len(errors[0]) < 350


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in HARMLESS.items() for value in values])
def test_a_harmless_value_is_accepted(path, value):
    assert [error for error in judge(changed(path, value)) if error.startswith(path)] == []


@pytest.mark.parametrize("package", ["jitsi-meet-web", "jicofo", "jigasi"])
@pytest.mark.parametrize("version", ["1.0; rm -rf / #", "$(id)", "", "1.0 2.0", "-1"])
def test_a_version_is_no_command(package, version):
    name, versions = next(iter(DEFAULTS["jitsi_releases"].items()))
    errors = judge(
        {**DEFAULTS, **SETTINGS, "jitsi_releases": {name: versions | {package: version}}, "jitsi_release": name}
    )
    assert [error for error in errors if error.startswith(f"jitsi_releases.{name}.{package} is ")]


@pytest.mark.parametrize(
    ("path", "value", "fix"),
    [
        ("jitsi_imprint_url", "https://anna:s3cr3t@www.acme.example/x", "write the address of a page"),
        ("jitsi_recording_recipients", ["AGE-SECRET-KEY-1S3CR3TS3CR3TS3CR3TS3CR3T"], "write a public key of age"),
        ("cloud_ssh_public_keys", ["-----BEGIN OPENSSH PRIVATE KEY-----s3cr3t"], "write "),
        ("jitsi_service_name", "$ANSIBLE_VAULT;1.1;AES256{s3cr3t}", "write a name of 1 to 60 characters"),
        ("jitsi_service_name", "AGE-SECRET-KEY-1S3CR3T", "write it without what is secret"),
    ],
)
def test_what_looks_like_a_secret_is_not_quoted(path, value, fix):
    said = " ".join(judge(changed(path, value)))
    assert "s3cr3t" not in said.lower()
    assert f"not shown because it looks like a secret: {fix}" in said


def test_several_errors_are_listed_together():
    settings = changed("jitsi_log_retention_days", 0) | {"jitsi_domain": "meet", "jitsi_xyzzy": 1}
    assert len(judge(settings, {**PLAN, "turn": []})) >= 4


@pytest.mark.parametrize(
    "seed", ["short-secret", "x" * 31, 12345678901234567890123456789012345, ["secret-in-a-list"], ""]
)
def test_a_bad_seed_is_refused_and_never_quoted(seed):
    (error,) = judge(changed("jitsi_seed", seed))
    assert error == (
        "jitsi_seed is refused, and not shown because it is secret: "
        "write at least 32 random characters (openssl rand -base64 32)"
        f"{', in quotes' if isinstance(seed, int) else ''}."
    )


PLANS = [
    (
        {"meet": ["acme-meet", "acme-meet-2"]},
        "group meet has 2 hosts: keep one in plan.yml, because signalling runs on one machine.",
    ),
    ({"meet": []}, "group meet has no hosts and plan office needs 1: write acme-meet in plan.yml."),
    (
        {"videobridges": ["acme-jvb-1"]},
        "group videobridges has 1 host and plan office needs 2: write acme-jvb-[1:2] in plan.yml.",
    ),
    ({"turn": []}, "group turn has no hosts and plan office needs 1: write acme-turn-1 in plan.yml."),
    (
        {"videobridges": ["acme-jvb-1", "bcme-jvb-2"]},
        "host bcme-jvb-2 does not begin with acme-: rename it in plan.yml, for example acme-jvb-2.",
    ),
    (
        {"turn": ["acme-turn_1"]},
        "host acme-turn_1 is no host name: rename it in plan.yml with lower-case letters, digits and hyphens, "
        "at most 63.",
    ),
    ({"turn": ["acme-" + "t" * 60]}, None),
    ({"turn": ["acme-turn.1"]}, None),
    (
        {"videobridge": ["acme-jvb-1"]},
        "group videobridge of plan.yml is unknown: write videobridges.",
    ),
    (
        {"printers": []},
        "group printers of plan.yml is unknown: this toolkit has meet, videobridges, turn, directories, streamers, "
        "recorders, gateways.",
    ),
]


@pytest.mark.parametrize(("groups", "sentence"), PLANS)
def test_an_impossible_plan_is_refused_with_the_fix(groups, sentence):
    groups = {**PLAN, **groups}
    groups["jitsi"] = list(dict.fromkeys(h for g, hosts in groups.items() if g not in ("all", "jitsi") for h in hosts))
    errors = judge(SETTINGS, groups)
    if sentence:
        assert sentence in errors
    else:
        assert any(groups["turn"][0][:50] in error and "is no host name" in error for error in errors)


def test_a_host_without_a_group_of_machines_is_refused():
    assert judge(SETTINGS, {**PLAN, "jitsi": [*PLAN["jitsi"], "acme-spare"]}) == [
        "host acme-spare has no task: put it into meet, videobridges, turn, directories, streamers, recorders, "
        "gateways in plan.yml."
    ]


def test_more_moderators_than_seats_are_refused():
    people = [f"m{n}" for n in range(12)]
    assert judge(SETTINGS | {"jitsi_moderators": people}) == [
        "jitsi_moderators has 12 names and plan office has 10 seats: remove 2 or choose a larger jitsi_plan."
    ]
    assert judge(SETTINGS | {"jitsi_moderators": people, "jitsi_plan": "individual"}) == []


def test_servers_only_the_cloud_still_has_are_not_the_plans_error():
    assert judge(SETTINGS, {**PLAN, "region_one": ["acme-jvb-9"], "all": [*PLAN["all"], "acme-jvb-9"]}) == []


def test_a_long_list_and_many_unknown_names_are_not_looked_at_one_by_one():
    many = [f"m{number}" for number in range(5000)]
    assert "jitsi_moderators is a list of 5000: write 1000 items at most." in judge(changed("jitsi_moderators", many))
    unknown = [error for error in judge({**DEFAULTS, **SETTINGS, **{f"jitsi_domain{n}": 1 for n in range(1000)}})]
    assert sum("is not a setting: write jitsi_domain." in error for error in unknown) == GUESSES
    assert sum("is not a setting: docs/settings.md lists all" in error for error in unknown) == 1000 - GUESSES
