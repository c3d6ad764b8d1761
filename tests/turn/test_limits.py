"""Where relays do not lead, and how much they carry."""

import contextlib
import socket
import time
from types import SimpleNamespace

import pytest
import test_relay as verification
import turn
from network import FLOATING, IPV6, PRIVATE, inside

FORBIDDEN, UNSUPPORTED_FAMILY, OTHER_FAMILY, QUOTA = 403, 440, 443, 486
OWN, OTHER, BRIDGE, NEIGHBOUR = 14, 15, 12, 11

# Where an attacker would like a relay to lead, by IP version.
REFUSED = {
    4: [
        *("127.0.0.1", "127.8.8.8", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
        *("203.0.113.2", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.99"),
        *(f"{net}{number}" for net in (PRIVATE, FLOATING) for number in (OWN, OTHER, NEIGHBOUR)),
    ],
    6: [
        *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.71.0.12", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("fe80::1", "fd00:ec2::254", "fd71::1", "ff02::1", "2001:db8:113::2", "2001:db8::1"),
        *(f"{IPV6}{number}" for number in (OWN, OTHER, NEIGHBOUR, BRIDGE)),
    ],
}
ALLOWED = [f"{PRIVATE}{BRIDGE}", f"{FLOATING}{BRIDGE}"]


@contextlib.contextmanager
def client(relay, customer, place, name="", way="tls", version=4, lifetime=86400):
    with inside(place):
        carrier = (
            turn.TlsCarrier(customer(relay, version), relay.host, 443)
            if way == "tls"
            else turn.UdpCarrier(f"{PRIVATE}{relay.number}", 3478)
        )
    with turn.TurnClient(carrier, *relay.credentials(name, lifetime)) as client:
        yield client


def refusal(client, address):
    """The error code for packets to that address, None where the relay carries them."""
    try:
        client.permit(address)
    except turn.TurnError as error:
        return error.code


def test_relays_lead_to_bridges_and_nowhere_else(relays, customer, offices):
    with client(relays["turn-1"], customer, offices[4]) as someone:
        address, _ = someone.allocate()
        assert address == relays["turn-1"].address(4)
        answers = {address: refusal(someone, address) for address in [*REFUSED[4], *REFUSED[6], *ALLOWED]}
    assert answers == {
        **dict.fromkeys(REFUSED[4], FORBIDDEN),
        **dict.fromkeys(REFUSED[6], OTHER_FAMILY),
        **dict.fromkeys(ALLOWED),
    }


def test_the_verification_names_the_bridge_a_relay_does_not_lead_to(relays, customer, offices):
    """It needs no bridge that answers strangers"""

    def judge(*bridges):
        plan = SimpleNamespace(
            group=lambda _: [SimpleNamespace(name=name, addresses=lambda _, own=own: own) for name, own in bridges]
        )
        with client(relays["turn-1"], customer, offices[4]) as someone:
            verification.test_relay_leads_to_every_bridge(plan, someone)

    judge(("jvb-1", ALLOWED))
    with pytest.raises(AssertionError, match=f"refuses {PRIVATE}{NEIGHBOUR} of jvb-2"):
        judge(("jvb-1", ALLOWED), ("jvb-2", [f"{PRIVATE}{NEIGHBOUR}"]))


def test_a_shared_machine_leads_to_its_own_bridge_and_nowhere_else(single, customer, offices):
    own = [f"{net}{single.number}" for net in (PRIVATE, FLOATING)]
    with client(single, customer, offices[4]) as someone:
        someone.allocate()
        answers = {address: refusal(someone, address) for address in ["127.0.0.1", "169.254.169.254", *ALLOWED, *own]}
    assert [address for address, answer in answers.items() if answer is None] == own


def test_nobody_relays_by_ipv6(relays, customer, offices):
    """coturn would tell the IPv4 address for it"""
    with client(relays["turn-1"], customer, offices[6], version=6) as someone:
        with pytest.raises(turn.TurnError) as refused:
            someone.allocate(REQUESTED_ADDRESS_FAMILY=turn.IPV6)
        assert refused.value.code == UNSUPPORTED_FAMILY


def test_packets_without_permission_go_nowhere(relays, customer, offices):
    """Neither by asking for a channel, nor by sending at once"""
    with client(relays["turn-1"], customer, offices[4]) as someone:
        someone.allocate()
        someone.send(b"to myself", (f"{PRIVATE}{OWN}", 3478))
        someone.send(b"to the cloud", ("169.254.169.254", 80))
        with pytest.raises(TimeoutError):
            someone.receive(1)


def allocations(relay, customer, place, *names):
    """What people are answered who ask one after the other and all stay: None, or the error code.

    Each has a credential of a time of its own.
    """
    answers = []
    with contextlib.ExitStack() as stack:
        for lifetime, name in enumerate(names, start=3600):
            person = stack.enter_context(client(relay, customer, place, name, lifetime=lifetime))
            try:
                person.allocate()
                answers.append(None)
            except turn.TurnError as error:
                answers.append(error.code)
    return answers


def test_each_visitor_and_all_together_have_a_quota_however_many_credentials_they_have(relays, customer, offices):
    """The third relay: two per visitor, three in all"""
    answers = allocations(relays["turn-3"], customer, offices[4], "anna", "anna", "anna", "bernd", "carla")
    assert answers == [None, None, QUOTA, None, QUOTA]


def test_bandwidth_is_set_aside_for_each_connection_and_given_back(relays, customer, offices):
    """The fourth relay: 50 Mbit/s, 20 for each, so 20, 20 and 10, though nobody sends anything"""
    for _ in range(2):
        answers = allocations(relays["turn-4"], customer, offices[4], "anna", "bernd", "carla", "dora")
        assert answers == [None, None, None, QUOTA]


def test_a_relay_carries_so_much_and_no_more(relays, customer, cloud, bridge):
    """The third relay: 1 Mbit/s, of four that are sent to it"""
    relay, seconds, size = relays["turn-3"], 3, 1000
    with inside(bridge), socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.bind((f"{PRIVATE}{BRIDGE}", 0))
        with client(relay, customer, cloud, way="udp") as someone:
            relayed = (f"{PRIVATE}{relay.number}", someone.allocate()[1])
            someone.permit(f"{PRIVATE}{BRIDGE}")
            someone.carrier.socket.setblocking(False)
            came, began = 0, time.monotonic()
            for number in range(seconds * 500):
                peer.sendto(bytes(size), relayed)
                with contextlib.suppress(BlockingIOError):
                    while data := someone.carrier.socket.recv(2000):
                        came += len(data)
                time.sleep(max(0, began + number / 500 - time.monotonic()))
            mbit = came * 8 / 1e6 / seconds
    assert 0.3 < mbit < 1.6, f"{mbit:.1f} Mbit/s came through"
