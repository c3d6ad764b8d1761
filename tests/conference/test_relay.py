"""The relays: a way in for participants whose network lets nothing but web traffic out."""

import asyncio
import contextlib
import secrets

import outside
import pytest
import turn
import xmpp
from aioice import stun
from customer import MEDIA_PORT, STUN_PORT, TURN_TLS_PORT

pytestmark = pytest.mark.needs("nginx", "prosody", "coturn")

CARRIERS = {"udp": ("turn", STUN_PORT), "tls": ("turns", TURN_TLS_PORT)}
UNAUTHORIZED, FORBIDDEN_PEER = 401, 403
CUT_OFF = "participants behind strict firewalls (offices, hotels) have no audio and no video"
both_ways = pytest.mark.parametrize("way", list(CARRIERS))

LOOK = (
    "on the relay: systemctl status coturn; external_services in /etc/prosody on {meet} and static-auth-secret in "
    "/etc/turnserver.conf come from the same seed (rerun tags prosody, turn)"
)

# Where an attacker would like a relay to lead: loopback, the cloud's metadata, the neighbours.
FORBIDDEN = [
    *("127.0.0.1", "127.0.0.53", "169.254.169.254"),
    *("10.255.255.254", "172.31.255.254", "192.168.255.254", "100.127.255.254"),
]


@pytest.fixture(scope="module", params=["guest", "moderator"])
def announced(request, customer) -> list[dict[str, str]]:
    """The servers prosody announces, as a guest and as a moderator hear it."""
    name = request.getfixturevalue("moderator") if request.param == "moderator" else ""

    async def ask() -> list[dict[str, str]]:
        async with xmpp.session(customer, "websocket", outside.trust(customer), name) as participant:
            return await participant.services()

    return asyncio.run(ask())


def find(announced: list[dict[str, str]], *wanted) -> dict[str, str] | None:
    """The announcement of that type, host and port."""
    return next((entry for entry in announced if (entry["type"], entry["host"], int(entry["port"])) == wanted), None)


@pytest.fixture
def allocation(customer, relay, way, announced):
    """A TURN client, about to allocate with the announced credentials."""
    kind, port = CARRIERS[way]
    service = find(announced, kind, relay, port)
    assert service, f"{kind}:{relay}:{port} is not announced"
    address = customer.address(relay)
    carrier = turn.UdpCarrier(address, port) if way == "udp" else turn.TlsCarrier(customer, relay, port)
    with turn.TurnClient(carrier, service["username"], service["password"]) as client:
        yield client


def relayed_answer(client: turn.TurnClient, data: bytes, peer: tuple[str, int]) -> bytes:
    """Sends data to the peer through the relay until something comes back."""
    for patience in turn.UdpCarrier.retransmissions:
        client.send(data, peer)
        with contextlib.suppress(TimeoutError):
            return client.receive(patience)[0]
    raise TimeoutError(f"no answer from {peer[0]} through the relay")


def ask_bridge(client: turn.TurnClient, bridge) -> None:
    """A STUN request to the media port of the bridge and the answer, through the relay, by any of its addresses."""
    silence = None
    for address in bridge.addresses(4):
        question = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        try:
            answer = relayed_answer(client, bytes(question), (address, MEDIA_PORT))
        except TimeoutError as nothing:
            silence = nothing
            continue
        assert stun.parse_message(answer).transaction_id == question.transaction_id
        return
    raise AssertionError(f"{bridge.name}: {silence}")


def leads_to(client: turn.TurnClient, address: str) -> bool:
    """Would the relay carry packets there? Any other refusal than the one for forbidden peers is an error."""
    try:
        client.permit(address)
    except turn.TurnError as refusal:
        if refusal.code != FORBIDDEN_PEER:
            raise
        return False
    return True


@pytest.mark.notice("participants cannot connect directly; calls between two are relayed or fail", LOOK)
def test_stun(customer, relay, announced):
    """Every relay tells participants their public address (STUN)"""
    assert find(announced, "stun", relay, STUN_PORT), f"stun:{relay}:{STUN_PORT} is not announced"
    with turn.StunClient(turn.UdpCarrier(customer.address(relay), STUN_PORT)) as client:
        client.mapped()


def permit_bridges(client: turn.TurnClient, bridges) -> None:
    """Participants are told every address of a bridge and may come with any."""
    for bridge in bridges:
        for address in bridge.addresses(4):
            assert leads_to(client, address), f"the relay refuses {address} of {bridge.name}"


@both_ways
@pytest.mark.notice(CUT_OFF, LOOK)
def test_relay_leads_to_every_bridge(customer, allocation):
    """The relays accept the announced credentials and allow every bridge as peer"""
    allocation.allocate()
    permit_bridges(allocation, customer.group("videobridges"))


@both_ways
@pytest.mark.notice(CUT_OFF, LOOK)
def test_relay_carries(customer, allocation, stand_in):
    """The relays forward packets to every bridge and back"""
    if not stand_in:
        pytest.skip("Jitsi's own bridges answer participants of a meeting only; that relays allow them is checked")
    allocation.allocate()
    permit_bridges(allocation, customer.group("videobridges"))
    for bridge in customer.group("videobridges"):
        ask_bridge(allocation, bridge)


@both_ways
@pytest.mark.guard(
    "nothing; but any participant can reach internal machines of the cloud through the relay",
    "denied-peer-ip and allowed-peer-ip in /etc/turnserver.conf (role turn)",
)
def test_relay_refuses_the_inside(customer, allocation):
    """The relays refuse themselves, other internal machines, loopback and the cloud's metadata service as peers"""
    try:
        allocation.allocate()
    except turn.TurnError as refusal:
        pytest.skip(f"the relay allows no peer at all ({refusal})")  # which another check counts as a failure
    # To bridges, and to each other only where two people alone are connected by one relay each.
    groups = ["videobridges", *(["turn"] if customer.rules["peer_to_peer"] == "relayed" else [])]
    led_to = {address for group in groups for host in customer.group(group) for address in host.addresses(4)}
    inside = {address for host in customer.hosts for address in host.addresses(4)} - led_to
    allowed = [address for address in [*FORBIDDEN, *sorted(inside)] if leads_to(allocation, address)]
    assert not allowed, f"the relay allows {', '.join(allowed)}"


@both_ways
@pytest.mark.guard(
    "any participant can reach internal ports of a machine through its own relay",
    "the first rules of chain output in /etc/nftables.conf on the relay (group_vars/turn/base.yml)",
)
def test_relay_leads_to_the_bridge_alone(customer, relay, allocation):
    """A relay on the same machine as a bridge allows the bridge's port there and no other"""
    [host] = [host for host in customer.group("turn") if relay in host.names]
    if "videobridges" not in host.groups:
        pytest.skip("no relay shares its machine with a bridge")
    try:
        allocation.allocate()
    except turn.TurnError as refusal:
        pytest.skip(f"the relay allows no peer at all ({refusal})")  # which another check counts as a failure
    for address in host.addresses(4):
        allocation.permit(address)
        question = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        allocation.send(bytes(question), (address, STUN_PORT))  # the relay itself would answer it
        with pytest.raises(TimeoutError):
            allocation.receive(2)


@both_ways
@pytest.mark.guard("anybody can use the relay at the customer's expense", "use-auth-secret in /etc/turnserver.conf")
def test_relay_refuses_strangers(allocation):
    """The relays refuse forged credentials"""
    allocation.password = secrets.token_hex()
    try:
        relayed = allocation.allocate()
    except turn.TurnError as refusal:
        if refusal.code != UNAUTHORIZED:
            raise
        return
    raise AssertionError(f"the relay allocated {relayed} for a wrong password")
