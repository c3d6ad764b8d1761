"""The page: encryption, certificate, headers."""

import hashlib
import ssl

import outside
import pytest

PAGE_DOWN = pytest.mark.notice(
    "https://{domain} does not open, or the browser warns of an insecure connection",
    "on {meet}: systemctl status nginx; nginx -t; tail /var/log/nginx/error.log; then DNS and firewall (make plan)",
)
CERTIFICATE = pytest.mark.notice(
    "browsers and apps reject the certificate of {name}; participants behind strict firewalls have no audio",
    "on the host of that name: openssl x509 -noout -text -in /etc/jitsi/certificates/server.crt; "
    "journalctl -u certbot; make deploy ARGS='--tags certificate'",
)
OLD_TLS = pytest.mark.guard(
    "nothing; but connections to {name} can be downgraded to broken encryption",
    "ssl_protocols in /etc/nginx on {meet}; no-tlsv1 in /etc/turnserver.conf",
)

WEB = pytest.mark.needs("nginx")
CERTIFICATE_FILE, KEY_FILE = "/etc/jitsi/certificates/server.crt", "/etc/jitsi/certificates/server.key"

DAYS = 20  # renewal begins 30 days before the end: less than this means it keeps failing


@WEB
@PAGE_DOWN
def test_page_answers(customer):
    """The page answers"""
    answer = outside.get(customer, "/")
    assert answer.status == 200, f"{customer.url} answers {answer.status}"
    assert "<html" in answer.text, "the answer is no HTML page"


@WEB
@PAGE_DOWN
def test_room_answers(customer):
    """The address of a room opens the page"""
    answer = outside.get(customer, "/verify")
    assert answer.status == 200, f"{customer.url}/verify answers {answer.status}"
    assert "/config.js" in answer.text or "var config" in answer.text, "the page of a room has no configuration"


@WEB
@PAGE_DOWN
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_modern_tls(customer, version):
    """The page speaks TLS 1.2 and 1.3"""
    context = outside.trust(customer)
    context.minimum_version = context.maximum_version = version
    with outside.tls(customer, customer.domain, 443, context) as connection:
        assert connection.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]


@OLD_TLS
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
def test_old_tls_is_refused(customer, name, version):
    """The page and the relays refuse TLS 1.0 and 1.1"""
    assert not outside.accepts(customer, name, 443, version), f"{name}:443 accepts {version.name}"


@CERTIFICATE
def test_certificate(customer, name):
    """The certificates are trusted, match their names and do not expire soon"""
    with outside.tls(customer, name, 443) as connection:
        days = outside.days_left(connection.getpeercert())
    assert days > DAYS, f"the certificate of {name} expires in {days:.0f} days"


@CERTIFICATE
def test_certificate_file(customer, login, name):
    """The certificate file is complete, is the one presented, and matches its key"""
    shell = login(next(host for host in customer.hosts if name in host.names))
    # All of it: a daemon that starts anew refuses a chain that is broken off.
    whole = shell.run(f"openssl storeutl -noout -certs {CERTIFICATE_FILE}").rc == 0
    assert whole, f"{CERTIFICATE_FILE} is incomplete or no certificate"
    written = shell.check_output(f"openssl x509 -in {CERTIFICATE_FILE} -outform DER | sha256sum").split()[0]
    with outside.tls(customer, name, 443) as connection:
        presented = hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()
    assert presented == written, f"the certificate presented is not that of {CERTIFICATE_FILE}"
    certified = shell.check_output(f"openssl x509 -noout -pubkey -in {CERTIFICATE_FILE}")
    assert shell.run(f"openssl pkey -pubout -in {KEY_FILE}").stdout.strip() == certified, f"{KEY_FILE} does not match"


@WEB
@pytest.mark.guard(
    "a hostile network can lead users who type {domain} to a page without encryption",
    "on {meet}: Strict-Transport-Security in /etc/nginx (role web)",
)
def test_hsts(customer):
    """The page makes browsers use HTTPS only (HSTS)"""
    header = outside.get(customer, "/").headers.get("Strict-Transport-Security", "")
    directives = dict(part.strip().partition("=")[::2] for part in header.lower().split(";"))
    assert int(directives.get("max-age") or 0) >= 180 * 86400, f"Strict-Transport-Security is {header!r}"


@WEB
@pytest.mark.notice(
    "users who type {domain} without https get nothing, or a page without encryption",
    "on {meet}: the server on port 80 in /etc/nginx (role web)",
)
def test_redirect(customer):
    """HTTP is redirected to HTTPS"""
    answer = outside.get(customer, "/verify?a=b", scheme="http")
    assert answer.status in (301, 308), f"http://{customer.domain} answers {answer.status}"
    assert answer.headers["Location"] == f"{customer.url}/verify?a=b"
