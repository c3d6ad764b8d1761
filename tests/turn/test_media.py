"""Sound and picture for who sits in an office whose firewall lets nothing out but the web."""

import time
from pathlib import Path

import outside
import pytest
import turn
from conftest import ice_servers
from network import FLOATING, OFFICES, PRIVATE, inside, run

PAIR = (Path(__file__).parent / "pair.js").read_text()
PATIENCE = 30


class End:
    """One end of a call, in a page of its own."""

    def __init__(self, browser):
        self.page = browser.new_page()
        self.page.evaluate(f"{PAIR}; null")  # a function as the last value would be called

    def ask(self, function, *arguments):
        return self.page.evaluate(f"(given) => {function}(...given)", list(arguments))


def call(caller, configuration, callee, its_configuration=None):
    """A call to somebody who needs no configuration, unless told: the state of both ends when it stands."""
    ends = first, second = [End(caller), End(callee)]
    try:
        offer = first.ask("start", configuration, True)
        second.ask("start", its_configuration or {}, False)
        first.ask("pc.setRemoteDescription.bind(pc)", second.ask("answer", offer))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for end, other in (ends, ends[::-1]):
                for candidate in end.ask("found"):
                    other.ask("pc.addIceCandidate.bind(pc)", candidate)
            states = [end.ask("state") for end in ends]
            if all(state["heard"] and state["frames"] > 5 for state in states):
                break
            time.sleep(0.1)
        return states
    finally:
        for end in ends:
            end.page.close()


def assert_stands(states, relay):
    for state in states:
        assert state["connection"] == "connected", states
        assert state["heard"] == ["hello"]
        assert state["frames"] > 5, states
    # The relay's address as the one who is called sees it: from inside the cloud, the private one.
    assert states[0]["through"] in (f"{PRIVATE}{relay.number}", f"{FLOATING}{relay.number}"), states


def through(*relays):
    return {"iceTransportPolicy": "relay", "iceServers": ice_servers(*relays)}


@pytest.fixture(scope="session")
def at_bridge(chromium, bridge):
    return chromium(bridge, {})


@pytest.fixture(scope="session")
def at_desk(chromium, offices, relays):
    """at_desk(version): a browser in the office that has that IP version alone."""
    started = {}

    def find(version):
        names = {relay.host: relay.address(version) for relay in relays.values()}
        return started.get(version) or started.setdefault(version, chromium(offices[version], names))

    return find


@pytest.fixture(params=[4, 6], ids=["IPv4", "IPv6"])
def version(request):
    return request.param


def test_the_office_lets_out_nothing_but_the_web(relays, offices, version):
    """Otherwise the other tests would prove nothing"""
    address = relays["turn-1"].address(version)
    with inside(offices[version]), turn.StunClient(turn.UdpCarrier(address, 3478)) as client:
        client.carrier.retransmissions = (1,)
        with pytest.raises(TimeoutError):
            client.mapped()


def test_picture_and_words_pass_where_only_the_web_does(relays, at_desk, at_bridge, version):
    relay = relays["turn-1"]
    assert_stands(call(at_desk(version), through(relay), at_bridge), relay)


def test_two_people_alone_reach_each_other_by_their_relays(relays, at_desk):
    """Where jitsi_peer_to_peer says so: here both have the second relay, which leads to itself"""
    configuration = through(relays["turn-2"])
    states = call(at_desk(4), configuration, at_desk(6), configuration)
    assert_stands(states, relays["turn-2"])


def test_nobody_passes_with_an_expired_credential(relays, offices, customer):
    relay = relays["turn-1"]
    with inside(offices[4]):
        for lifetime, passes in ((60, True), (-60, False)):
            carrier = turn.TlsCarrier(customer(relay, 4), relay.host, 443)
            with turn.TurnClient(carrier, *relay.credentials(lifetime=lifetime)) as client:
                if passes:
                    client.allocate()
                else:
                    with pytest.raises(turn.TurnError, match="401"):
                        client.allocate()


def test_a_relay_whose_process_died_is_passed_by(relays, at_desk, at_bridge):
    dead, alive = relays["turn-1"], relays["turn-2"]
    dead.stop()
    try:
        assert_stands(call(at_desk(4), through(dead, alive), at_bridge), alive)
    finally:
        dead.start()


def test_a_relay_that_is_out_of_reach_is_passed_by(cloud, relays, at_desk, at_bridge):
    alive, dead = relays["turn-1"], relays["turn-2"]
    run(cloud, f"ip link set server{dead.number} down")
    try:
        assert_stands(call(at_desk(4), through(dead, alive), at_bridge), alive)
    finally:
        run(cloud, f"ip link set server{dead.number} up")


def test_port_443_is_shared_with_the_page(single, chromium, offices, customer, version):
    """And the page's log knows of its visitors their networks, not the machine's own address"""
    desk = chromium(offices[version], {single.host: single.address(version)})
    assert_stands(call(desk, through(single), chromium(single.machine, {})), single)
    with inside(offices[version]), outside.tls(customer(single, version), single.domain, 443) as visit:
        visit.sendall(f"GET /visit{version} HTTP/1.1\r\nHost: {single.domain}\r\nConnection: close\r\n\r\n".encode())
        assert visit.recv(12).startswith(b"HTTP/1.1 ")
        while visit.recv(4096):
            pass
    network = {4: "203.0.113.0", 6: "2001:db8:113::"}[version]
    log = single.machine.log("nginx/access.log").splitlines()
    assert log[-1].startswith(f"{network} ["), log
    assert not [line for line in log if OFFICES[version] in line or "127.0.0.1" in line], log
