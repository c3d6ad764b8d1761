"""What relaying costs: our configuration against a coturn that is told nothing but whom to trust. For bench/."""

import contextlib
import socket
import threading
import time

import pytest
from machine import processor_seconds
from network import PRIVATE, inside
from test_limits import BRIDGE, client

CLIENTS, SIZE, MBIT, SECONDS, TURNS = 12, 1200, 60, 2, 3
BARE = """log-file=stdout
use-auth-secret
static-auth-secret={secret}
realm=bare
tls-listening-port=443
cert=/etc/jitsi/certificates/server.crt
pkey=/etc/jitsi/certificates/server.key
"""


@pytest.fixture(scope="session")
def bare(relays):
    """The second relay with next to no configuration, on the ports of ours."""
    relay = relays["turn-2"]
    relay.stop()
    relay.machine.put("/etc/turnserver.conf", BARE.format(secret=relay.secret))
    relay.start()
    return relay


def listen(receiver, got, n):
    """Counts what comes until nothing has come for a second."""
    with contextlib.suppress(TimeoutError):
        while data := receiver.recv(65536):
            got[n] += len(data)


def carry(relay, customer, place, bridge, way):
    """Bits that reach participants of what a bridge sends them, and the relay's processor seconds."""
    packets = MBIT * 1000 * 1000 // 8 // SIZE * SECONDS
    with contextlib.ExitStack() as stack:
        people = [stack.enter_context(client(relay, customer, place, str(n), way)) for n in range(CLIENTS)]
        relayed = []
        for person in people:
            relayed.append((f"{PRIVATE}{relay.number}", person.allocate()[1]))
            person.permit(f"{PRIVATE}{BRIDGE}")
            person.carrier.socket.settimeout(1)
        with inside(bridge):
            sender = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        sender.bind((f"{PRIVATE}{BRIDGE}", 0))
        got = [0] * CLIENTS
        threads = [
            threading.Thread(target=listen, args=(person.carrier.socket, got, n)) for n, person in enumerate(people)
        ]
        for thread in threads:
            thread.start()
        spent, began = processor_seconds(relay.process), time.monotonic()
        for number in range(packets):
            sender.sendto(bytes(SIZE), relayed[number % CLIENTS])
            if not number % 50:
                time.sleep(max(0, began + number * SECONDS / packets - time.monotonic()))
        for thread in threads:
            thread.join()
        return sum(got) * 8, processor_seconds(relay.process) - spent


@pytest.mark.parametrize("way", ["udp", "tls"])
def test_throughput(relays, bare, customer, cloud, offices, bridge, way, record_property):
    """By turns; the megabits that one second of a processor relays"""
    place = offices[4] if way == "tls" else cloud
    figures = {}
    for _ in range(TURNS):
        for name, relay in {"ours": relays["turn-1"], "bare": bare}.items():
            figures.setdefault(name, []).append(carry(relay, customer, place, bridge, way))
    for name, turns in figures.items():
        bits, seconds = map(sum, zip(*turns, strict=True))
        assert bits > 0.9 * MBIT * 1e6 * SECONDS * TURNS, f"{name}: of {MBIT} Mbit/s {bits / 1e6 / SECONDS / TURNS:.0f}"
        record_property(name, bits / 1e6 / seconds)
