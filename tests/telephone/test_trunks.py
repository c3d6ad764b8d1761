"""The ways a trunk may be: registered at or not, over UDP, TCP and TLS, encrypted; and what check-trunk says of it."""

import contextlib
import re
import ssl

import pytest
from conftest import make_authority
from gateway import PIN, PRIVATE, PUBLIC, STRANGER, TONES, TRUNK
from machine import wait
from network import inside
from phone import Phone, tone
from trunk import NETWORKS, NUMBER, TRUNK_PASSWORD, USER, Provider, Registrar, check


@contextlib.contextmanager
def jigasi(gateway):
    phone = gateway.phone(port=5080)
    try:
        assert phone.register("jigasi", gateway.password) == 200
        yield phone
    finally:
        phone.close()


def assert_gets_in(gateway, trunk, number=NUMBER, **how):
    with jigasi(gateway) as other:
        caller = trunk.call(number, **how)
        assert caller.wait_answer() == 200
        assert caller.hears(TONES["welcome"])
        caller.press(PIN)
        meeting = other.incoming.get(timeout=10)
        meeting.sound, caller.sound = tone(500), tone(1300)
        assert caller.hears(500)
        assert meeting.hears(1300)
        # Each side's BYE gets through, once this way and once the other.
        assert meeting.hang_up() == 200
        assert caller.ended.wait(5)
        caller = trunk.call(number, **how)
        assert caller.wait_answer() == 200
        assert caller.hang_up() == 200


def codecs(answer):
    return re.findall(r"^a=rtpmap:\d+ (\S+?)\r$", answer.body, re.M)


# --- registration


def test_registered_trunk(gateway, mapper):
    running = gateway(user=USER)
    trunk = running.outside(port=5060)
    trunk.registrar = Registrar(USER, TRUNK_PASSWORD)
    first, second = (trunk.registrar.seen.get(timeout=30) for _ in range(2))
    assert TRUNK_PASSWORD not in first.raw + second.raw
    assert second.uri == f"sip:{TRUNK}"
    assert second.get("Contact") == f"<sip:{USER}@{PUBLIC}:5060>"
    assert check(running, 0) == f"The trunk {TRUNK} is there.\n"
    assert_gets_in(running, trunk)


def test_password_of_the_trunk_is_seen_by_nobody(gateway, mapper):
    machine = gateway(user=USER).machine
    words = TRUNK_PASSWORD.split("\\")[1]
    assert words in machine.sh("cat /etc/kamailio/registration/uacreg").stdout
    # Of the gateway's programs: processes of other places, such as these tests' own, are seen from here as well.
    programs = "$(pgrep -x 'kamailio|kamcmd|baresip')"
    script = f"for p in {programs}; do cat /proc/$p/cmdline /proc/$p/environ; done | tr '\\0' ' '"
    shown = machine.sh(script, check=False).stdout
    assert "/etc/kamailio/kamailio.cfg" in shown
    assert words not in shown
    nobody = "setpriv --reuid=nobody --regid=nogroup --clear-groups"
    assert machine.sh(f"{nobody} cat /etc/kamailio/registration/uacreg", check=False).returncode == 1
    assert machine.sh(f"{nobody} cat /etc/kamailio/kamailio.cfg", check=False).returncode == 1


def test_wrong_password(gateway, mapper):
    running = gateway(user=USER)
    trunk = running.outside(port=5060)
    trunk.registrar = Registrar(USER, "another")
    assert check(running, 1) == (
        f"The trunk {TRUNK} answers, but does not let {USER} register. "
        "Cure: user and auth_user in jitsi_trunk, jitsi_trunk_password.\n"
    )
    trunk.registrar.password = TRUNK_PASSWORD
    wait(lambda: running.check_trunk().returncode == 0, lambda: running.check_trunk().stderr, 90)


@pytest.mark.parametrize("user", ["", USER])
def test_trunk_that_goes_away(gateway, mapper, user):
    running = gateway(user=user) if user else gateway()
    assert "does not answer" in check(running, 1)
    trunk = running.outside(port=5060)
    trunk.registrar = Registrar(USER, TRUNK_PASSWORD)
    wait(lambda: running.check_trunk().returncode == 0, lambda: running.check_trunk().stderr, 90)
    # What it had registered holds for minutes.
    trunk.close()
    wait(lambda: "does not answer" in running.check_trunk().stderr, "check-trunk is content", 90)
    trunk = running.outside(port=5060)
    trunk.registrar = Registrar(USER, TRUNK_PASSWORD)
    wait(lambda: running.check_trunk().returncode == 0, lambda: running.check_trunk().stderr, 90)


def test_check_trunk_without_kamailio(gateway):
    running = gateway()
    running.stop()
    done = running.check_trunk()
    assert done.returncode == 1
    assert "does not run" in done.stderr


# --- ways to travel


def test_tcp(gateway, mapper, place):
    provider = Provider(place.world, 5060)
    running = gateway(user=USER, transport="tcp")
    _, second = (provider.registrar.seen.get(timeout=30) for _ in range(2))
    assert second.get("Contact") == f"<sip:{USER}@{PUBLIC}:5060;transport=tcp>"
    check(running, 0)
    # Its calls come on the connection on which it was registered at.
    assert_gets_in(running, provider.phones[-1])
    provider.close()


def test_tls(gateway, mapper, place, authority, secure):
    """With a certificate its CA vouches for; the gateway shows its own."""
    provider = secure
    running = gateway(user=USER, transport="tls", port=5061)
    wait(lambda: provider.failed, "a trunk nobody vouches for is believed")
    assert "does not answer" in check(running, 1)
    running.stop()
    provider.believed()
    running.start()
    _, second = (provider.registrar.seen.get(timeout=30) for _ in range(2))
    assert second.get("Contact") == f"<sip:{USER}@{PUBLIC}:5061;transport=tls>"
    check(running, 0)
    assert_gets_in(running, provider.phones[-1])
    # And on one that the trunk has opened.
    client = ssl.create_default_context(cafile=authority)
    client.check_hostname = False
    trunk = Phone(
        lambda: inside(place.world),
        TRUNK,
        0,
        (PUBLIC, 5061),
        transport="TLS",
        wrap=lambda sock: client.wrap_socket(sock),
    )
    assert_gets_in(running, trunk)


@pytest.mark.parametrize("secure", [f"IP:{STRANGER}"], indirect=True)
def test_certificate_of_somebody_else(gateway, secure):
    """An authority vouches for it, and it is no trunk's: it is told no password."""
    secure.believed()
    running = gateway(user=USER, transport="tls", port=5061)
    assert "does not answer" in check(running, 1)
    seen = [secure.registrar.seen.get(timeout=30) for _ in range(2)]
    assert not any(request.get("Authorization") for request in seen)
    assert not secure.failed


@pytest.mark.parametrize(
    ("host", "names", "code"),
    [
        ("trunk.example", "DNS:other.example,DNS:trunk.example", 0),
        ("sip.trunk.example", "DNS:*.trunk.example", 0),
        ("trunk.example", "DNS:other.example,DNS:trunk.example.other.example", 1),
        ("trunk.example", f"IP:{TRUNK}", 1),
        (TRUNK, f"DNS:trunk.example,IP:{TRUNK}", 0),
        (TRUNK, f"IP:{STRANGER}", 1),
        (TRUNK, "DNS:trunk.example", 1),
    ],
)
def test_whose_certificate_it_is(place, rendered, tmp_path, host, names, code):
    files = rendered(jitsi_trunk={"host": host, "networks": NETWORKS, "transport": "tls"})
    command = re.search(r"exec_cmd\(\"echo '\$tls_peer_raw_cert' (\|.*?)\"", files["sip_server/kamailio.cfg"])[1]
    certificate = make_authority(tmp_path / "trunk.pem", names).read_text()
    assert place.machine.sh(f"echo '{certificate}' {command}", check=False).returncode == code


def test_tls_and_srtp(gateway, mapper, secure):
    """As encrypted sound is bought: with its keys inside TLS."""
    secure.believed()
    running = gateway(user=USER, transport="tls", srtp=True)
    check(running, 0)
    trunk = secure.phones[-1]
    assert trunk.call(NUMBER).wait_answer() == 488
    assert_gets_in(running, trunk, crypto=True)


# --- the rest


def test_srtp(gateway, mapper):
    running = gateway(srtp=True)
    trunk = running.outside(port=5060)
    assert trunk.call(NUMBER).wait_answer() == 488
    assert_gets_in(running, trunk, crypto=True)


def test_srtp_that_is_not_wanted(gateway, mapper):
    running = gateway()
    trunk = running.outside(port=5060)
    assert trunk.call(NUMBER, crypto=True).wait_answer() == 488


def test_wide_codecs(gateway, mapper):
    """A trunk that could speak G722 and has a caller who does not."""
    running = gateway(codecs=["G722", "opus", "PCMA", "PCMU"])
    trunk = running.outside(port=5060)
    with jigasi(running) as other:
        other.policy = lambda invite: ["G722"]
        caller = trunk.call(NUMBER)
        assert caller.wait_answer() == 200
        assert caller.hears(TONES["welcome"])
        caller.press(PIN)
        meeting = other.incoming.get(timeout=10)
        assert re.findall(r"^m=audio \d+ RTP/AVP (.*?)\r$", meeting.offer.body, re.M) == ["9 101"]
        assert len(meeting.listen(1)) == 8000
        caller.hang_up()
        # Of several the one that is preferred here, alone: none can take its place within the call.
        caller = trunk.call(NUMBER, ["PCMU", "PCMA"])
        assert caller.wait_answer() == 200
        assert codecs(caller.answer) == ["PCMA/8000", "telephone-event/8000"]
        caller.hang_up()
        for codec in ("opus", "PCMU"):
            caller = trunk.call(NUMBER, [codec])
            assert caller.wait_answer() == 200
            assert f"{codec}/" in caller.answer.body
            assert caller.listen(0.5) or codec == "opus"
            caller.hang_up()


@pytest.mark.parametrize(("first", "other"), [("PCMA", "PCMU"), ("PCMU", "PCMA")])
def test_codec_stays_within_a_call(gateway, mapper, first, other):
    """Whichever it is, and whatever is preferred later: a line that changes it falls silent."""
    running = gateway(codecs=["PCMA", "PCMU"])
    trunk = running.outside(port=5060)
    with jigasi(running) as meetings:
        caller = trunk.call(NUMBER, [first])
        assert caller.wait_answer() == 200
        assert caller.listen(0.5)
        caller.press(PIN)
        meetings.incoming.get(timeout=10).sound = tone(500)
        # Also when nothing is offered, as trunks ask whether a call lives: then the line offers.
        for body in (caller.sdp([other, first]), ""):
            answer = caller.ask("INVITE", body)
            assert answer.status == 200
            assert codecs(answer) == [f"{first}/8000", "telephone-event/8000"]
            assert len(caller.listen(1)) == 8000
        # Without it the call stays as it is.
        assert caller.ask("INVITE", caller.sdp([other])).status == 488
        assert len(caller.listen(1)) == 8000
        assert caller.hang_up() == 200


def test_call_that_offers_nothing(gateway, mapper):
    """It is offered the codec that is preferred, alone, and may take it."""
    running = gateway(codecs=["PCMA", "PCMU"])
    trunk = running.outside(port=5060)
    caller = trunk.call(NUMBER, [])
    assert caller.wait_answer() == 200
    assert codecs(caller.answer) == ["PCMA/8000", "telephone-event/8000"]
    assert caller.hears(TONES["welcome"])
    assert caller.hang_up() == 200


def test_gateway_without_a_floating_address(gateway, mapper):
    running = gateway(public="")
    trunk = running.outside(port=5060)
    trunk.server = (PRIVATE, 5060)
    number = f"sip:{USER}@{PRIVATE}"
    assert_gets_in(running, trunk, number)
    caller = trunk.call(number)
    assert caller.wait_answer() == 200
    assert f"c=IN IP4 {PRIVATE}" in caller.answer.body
    assert "127.0.0.1" not in caller.answer.raw
    caller.hang_up()


def test_call_from_the_gateway_itself(gateway, mapper):
    """As the verification of a deployment calls: by loopback, and sound by the private address."""
    running = gateway()
    here = running.phone()
    assert_gets_in(running, here, "sip:verify@127.0.0.1")
    caller = here.call("sip:verify@127.0.0.1")
    assert caller.wait_answer() == 200
    assert f"c=IN IP4 {PRIVATE}" in caller.answer.body
    caller.hang_up()


def test_stranger_over_tcp(gateway):
    running = gateway(transport="tcp")
    stranger = running.outside(STRANGER, transport="TCP")
    call = stranger.call(NUMBER)
    trunk = running.outside(transport="TCP")
    other = trunk.call(NUMBER)
    assert other.wait_answer() == 200
    other.hang_up()
    assert stranger.seen == []
    assert call.status == 0
