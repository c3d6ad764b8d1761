"""The bridges: as many as planned, healthy, reachable."""

import json
import time

import pytest
import turn
from customer import MEDIA_PORT

FETCH = "import sys, urllib.request as u; r = u.urlopen(sys.argv[1], timeout=5); print(r.status, r.read().decode())"


def fetch(server, url: str) -> tuple[int, str]:
    """GET on the server itself: these endpoints listen on its loopback only."""
    done = server.run("python3 -c %s %s", FETCH, url)
    assert done.rc == 0, f"{url}: {done.stderr.strip().splitlines()[-1]}"
    status, _, text = done.stdout.partition(" ")
    return int(status), text


def bridges_at_focus(meet, customer) -> tuple[dict, dict]:
    """What jicofo knows of its bridges, and of each of them by name, but for those that `make retire` will delete."""
    selector = json.loads(fetch(meet, "http://127.0.0.1:8888/debug")[1])["bridge_selector"]
    known = {address.partition("/")[2]: bridge for address, bridge in selector["bridge"].items()}
    return selector, {name: bridge for name, bridge in known.items() if name not in customer.retiring}


@pytest.mark.needs("prosody", "jicofo")
@pytest.mark.notice(
    "meetings are overloaded or fail with the third participant: bridges the customer pays for are not used",
    "on {meet}: curl -s 127.0.0.1:8888/debug (drain: make undrain); on the missing bridge: tail /var/log/jitsi/jvb.log",
)
def test_bridge_count(customer, meet):
    """Jicofo knows exactly the planned bridges, and all of them take meetings"""
    planned = {bridge.name for bridge in customer.group("videobridges")}
    patience = time.monotonic() + 20  # a bridge shows itself some seconds after its start, health comes with a check
    while True:
        known = bridges_at_focus(meet, customer)[1]
        fit = {name for name, bridge in known.items() if bridge["operational"] and not bridge.get("drain")}
        if planned == set(known) == fit or time.monotonic() > patience:
            break
        time.sleep(1)
    assert planned == set(known) == fit, (
        f"{len(planned)} planned, {len(known)} known to jicofo, {len(fit)} of them take meetings; wrong: "
        f"{', '.join(sorted((planned ^ fit) | (planned ^ set(known))))}"
    )


@pytest.mark.needs("jitsi-videobridge2")
@pytest.mark.notice(
    "audio and video fail in meetings on {bridge}",
    "on {bridge}: curl -i 127.0.0.1:8080/about/health; systemctl --failed; tail /var/log/jitsi/jvb.log",
)
def test_bridge_health(login, bridge):
    """Every bridge reports that it is healthy"""
    status, text = fetch(login(bridge), "http://127.0.0.1:8080/about/health")
    assert status == 200, f"/about/health answers {status}: {text}"


@pytest.mark.needs("jitsi-videobridge2", "nginx")
@pytest.mark.notice(
    "meetings of three or more on {bridge} have no audio and no video",
    "on {bridge}: ss -lnup | grep 10000; nft list ruleset; the security group of the bridges (make plan)",
)
def test_media_port(customer, bridge, stand_in):
    """The media port of every bridge is reachable"""
    for address in bridge.public:
        with turn.StunClient(turn.UdpCarrier(address, MEDIA_PORT)) as client:
            try:
                client.mapped()
            except ConnectionRefusedError as refusal:
                raise AssertionError(f"{address}: nobody listens on {MEDIA_PORT}/udp") from refusal
            except TimeoutError as silence:
                # Jitsi's own bridge answers only those it has invited: its silence proves nothing, a refusal would.
                if stand_in:
                    raise AssertionError(f"{address}: no answer from {MEDIA_PORT}/udp") from silence


@pytest.mark.needs("prosody", "jicofo")
@pytest.mark.notice(
    "large meetings fail, or participants are placed on distant bridges",
    "on {meet}: curl -s 127.0.0.1:8888/debug; on the bridges: relay in /etc/jitsi/videobridge/jvb.conf",
)
def test_bridges_share_meetings(customer, meet):
    """Where meetings span several bridges, jicofo knows the region and relay ID of each, and all run one version"""
    planned = {bridge.name: bridge.region for bridge in customer.group("videobridges")}
    if not all(planned.values()):
        pytest.skip("meetings stay on one bridge here (jitsi_bridge_strategy is single)")
    selector, known = bridges_at_focus(meet, customer)
    assert not selector["strategy"].startswith("Single"), "jicofo keeps every meeting on one bridge"
    assert {name: bridge["region"] for name, bridge in known.items()} == planned
    assert {name: bridge["relay-id"] for name, bridge in known.items()} == {name: name for name in planned}
    versions = {bridge["version"] for bridge in known.values()}
    assert len(versions) == 1, f"bridges of several versions do not share meetings: {', '.join(sorted(versions))}"
