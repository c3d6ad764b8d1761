"""The certificate by ACME, against a real authority: first issue, renewal, and what the daemons show then.

The tests build on each other, in the order they stand here, like the months of one server.
"""

import re
import time

import pytest

NAMES = ["meet.lab.example"]
MORE_NAMES = [*NAMES, "turn-1.meet.lab.example"]
DIRECTORY = "/etc/jitsi/certificates"
DAEMONS = {"nginx": 443, "prosody": 5222, "coturn": 5349}
# Prosody takes up a renewed certificate where clients ask for TLS (STARTTLS), not on ports that begin with it.
STARTTLS = {"prosody": "-starttls xmpp -xmpphost meet.lab.example"}

NGINX = f"""
server {{
  listen [::]:80;
  location /.well-known/acme-challenge/ {{ root /var/www/acme; }}
  location / {{ return 301 https://$host$request_uri; }}
}}
server {{
  listen 443 ssl;
  ssl_certificate {DIRECTORY}/server.crt;
  ssl_certificate_key {DIRECTORY}/server.key;
}}
"""
PROSODY = f"""
pidfile = "/run/prosody/prosody.pid"
modules_enabled = {{ "tls", "saslauth" }}
ssl = {{ certificate = "{DIRECTORY}/server.crt", key = "{DIRECTORY}/server.key" }}
VirtualHost "meet.lab.example"
"""


def certificate(server, names=NAMES, ca="acme"):
    return server.play(
        "certificate",
        {
            "certificate_names": names,
            "certificate_mode": "acme",
            "certificate_file": f"{DIRECTORY}/server.crt",
            "certificate_key_file": f"{DIRECTORY}/server.key",
            "certificate_acme_directory": "https://localhost:14000/dir",
            "certificate_acme_ca_file": str(server.folder / f"{ca}.crt"),
            "certificate_acme_email": "ops@lab.example",
            # What other modes need.
            "certificate_source_file": "",
            "certificate_source_key_file": "",
            "certificate_own_ca_dir": "",
            "certificate_own_ca_name": "",
            "certificate_own_ca_passphrase": "not used",
        },
    )


def serial(server):
    return server.run(f"openssl x509 -noout -serial -in {DIRECTORY}/server.crt").stdout


def shown(server):
    """The certificate each daemon shows to a client."""
    serials = {}
    for daemon, port in DAEMONS.items():
        connect = (
            f"openssl s_client -connect {server.address}:{port} {STARTTLS.get(daemon, '')} < /dev/null 2>/dev/null"
        )
        serials[daemon] = server.run(f"{connect} | openssl x509 -noout -serial", check=False).stdout
    return serials


def shown_soon(server, expected):
    """The same, once it is as expected or ten seconds have passed: a daemon reloads a moment after it was told."""
    deadline = time.monotonic() + 10
    while (seen := shown(server)) != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    return seen


def processes(server):
    return [server.run(f"systemctl show --property MainPID {daemon}").stdout for daemon in DAEMONS]


def test_an_authority_that_is_not_trusted_gives_no_certificate(server):
    refused = certificate(server, ca="other")
    assert refused.returncode != 0
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stdout
    server.run(f"test ! -e {DIRECTORY}/server.crt && test ! -e {DIRECTORY}/server.key")


def test_the_first_certificate_comes_before_any_web_server(server):
    """The authority knows only the name's IPv6 address."""
    issued = certificate(server)
    assert issued.returncode == 0, issued.stdout
    text = server.run(f"openssl x509 -noout -issuer -ext subjectAltName -in {DIRECTORY}/server.crt").stdout
    assert "Pebble Intermediate" in text
    assert re.findall(r"DNS:([\w.-]+)", text) == NAMES
    assert server.run(f"stat --format '%a %U:%G' {DIRECTORY}/server.key").stdout == "640 root:ssl-cert\n"
    assert server.run("ss -Hltn 'sport = :80'").stdout == "", "what answered the challenge must be gone again"


def test_challenges_are_answered_over_both_families(server):
    ask = "import sys, urllib.request; urllib.request.urlopen(f'http://{sys.argv[1]}/.well-known/', timeout=10)"
    server.run("mkdir --parents /var/www/acme/.well-known; systemctl start acme-webroot")
    for address in ("127.0.0.1", "[::1]"):
        server.run(f'python3 -c "{ask}" {address}')
    server.run("systemctl stop acme-webroot")


def test_a_second_run_changes_nothing(server):
    before = serial(server)
    assert "changed=0" in certificate(server).stdout
    assert serial(server) == before


@pytest.fixture(scope="module")
def daemons(server):
    """nginx, prosody and coturn, configured as the toolkit's roles do as far as certificates go."""
    server.run("cat > /etc/nginx/sites-enabled/default", NGINX)
    server.run("adduser --quiet prosody ssl-cert; cat > /etc/prosody/prosody.cfg.lua", PROSODY)
    server.run("systemctl start nginx prosody")
    relay = server.play(
        "turn",
        {
            "turn_realm": "meet.lab.example",
            "turn_secret": "a secret of this test",
            "turn_listening_addresses": [server.address],
            "turn_relay_address": server.address,
            "turn_external_address": "",
            "turn_relay_ports": "49152-65535",
            "turn_user_quota": 10,
            "turn_total_quota": 10,
            "turn_max_bps": 1000000,
            "turn_bps_capacity": 0,
            "turn_tls_port": DAEMONS["coturn"],
            "turn_certificate_file": f"{DIRECTORY}/server.crt",
            "turn_certificate_key_file": f"{DIRECTORY}/server.key",
            "turn_peers": [],
        },
    )
    assert relay.returncode == 0, relay.stdout
    for port in DAEMONS.values():
        server.run(f"timeout 30 sh -c \"until ss -Hltn 'sport = :{port}' | grep -q .; do sleep 0.1; done\"")


@pytest.mark.usefixtures("daemons")
def test_every_daemon_shows_a_renewed_certificate_without_a_restart(server):
    before, running = serial(server), processes(server)
    assert shown(server) == dict.fromkeys(DAEMONS, before)
    # What certbot's timer does, when the certificate is due.
    server.run("sed -i '1i renew_before_expiry = 20 years' /etc/letsencrypt/renewal/localhost.conf")
    server.run("systemctl start certbot.service")
    after = dict.fromkeys(DAEMONS, serial(server))
    assert serial(server) != before
    assert shown_soon(server, after) == after
    assert processes(server) == running


@pytest.mark.usefixtures("daemons")
def test_another_name_means_another_certificate_through_the_running_web_server(server):
    before = serial(server)
    issued = certificate(server, MORE_NAMES)
    assert issued.returncode == 0, issued.stdout
    text = server.run(f"openssl x509 -noout -ext subjectAltName -in {DIRECTORY}/server.crt").stdout
    assert re.findall(r"DNS:([\w.-]+)", text) == MORE_NAMES
    after = dict.fromkeys(DAEMONS, serial(server))
    assert serial(server) != before
    assert shown_soon(server, after) == after
