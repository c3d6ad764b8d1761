"""Many visitors, and one who wants everything: who is still served."""

import socket

import pytest
from crowd import Browser, meet_host

SLOW = b"GET / HTTP/1.1\r\nHost: x\r\n"
PEOPLE, FEW = 300, 25


@pytest.fixture(scope="module")
def host(package, tmp_path_factory):
    """A meet host with the limits of the defaults."""
    with meet_host(tmp_path_factory.mktemp("crowd"), package()) as running:
        yield running


@pytest.fixture(scope="module")
def small(package, tmp_path_factory):
    """A meet host that expects few people from one address."""
    with meet_host(tmp_path_factory.mktemp("few"), package(), jitsi_participants_per_address=FEW) as running:
        yield running


def close(connections) -> None:
    for each in connections:
        each.close()


def is_served(host, visitor, version: int = 4) -> bool:
    """Whether that visitor is led from port 80, gets the page and a websocket."""
    led = visitor.browser(host, 80, version).ask("/room")
    browser = visitor.browser(host, 443, version)
    return led + browser.ask("/room", "/css/all.css") + [browser.upgrade()] == [301, 200, 200, 101]


@pytest.mark.parametrize(("port", "other_port"), [(80, 443), (443, 80)])
def test_slow_requests_of_one_visitor_leave_the_page_to_others(host, port, other_port):
    flooder, neighbour = host.visitor(), host.visitor()
    held = flooder.connections(port, 8400)
    try:
        for connection in held:
            connection.sendall(SLOW)
        assert len(held) == 4 * PEOPLE
        assert is_served(host, neighbour)
        assert len(flooder.connections(other_port, 1)) == 1, "ports share a limit"
    finally:
        close(held)


def test_a_school_behind_one_address_gets_in_in_the_same_minute(host):
    """Each person asks for forty files on one connection, as browsers do, and holds a websocket."""
    school = host.visitor()
    websockets = []
    for _ in range(PEOPLE):
        page, websocket = (Browser(host, plain) for plain in school.connections(443, 2))
        assert page.ask("/room", *39 * ["/css/all.css?v=1"]) == 40 * [200]
        assert websocket.upgrade() == 101
        websockets.append(websocket)
    for websocket in websockets:
        websocket.socket.setblocking(False)
        with pytest.raises(socket.error, match="did not complete"):
            websocket.socket.recv(1)


def test_a_visitor_who_changes_addresses_within_a_network_is_one(small):
    flooder, neighbour = small.visitor(), small.visitor()
    held = flooder.connections(443, 400, version=6)
    try:
        assert len({connection.getsockname()[0] for connection in held}) == 4 * FEW
        assert is_served(small, neighbour, version=6)
    finally:
        close(held)


@pytest.mark.parametrize(
    ("port", "path", "cookie", "status"),
    [(443, "/room", True, 200), (443, "/config.js", False, 403), (80, "/room", False, 301)],
    ids=["with consent", "refused without", "at port 80"],
)
def test_requests_of_one_visitor_are_counted(small, port, path, cookie, status):
    flooder, neighbour = small.visitor(), small.visitor()
    seen = set()
    for _ in range(40):
        seen |= set(flooder.browser(small, port).ask(*500 * [path], **({} if cookie else {"Cookie": "none"})))
        if 429 in seen:
            break
    assert seen == {status, 429}
    assert is_served(small, neighbour)


def test_websockets_of_one_visitor_are_counted(small):
    flooder, neighbour = small.visitor(), small.visitor()
    browsers = [Browser(small, plain) for plain in flooder.connections(443, 4 * FEW)]
    statuses = [browser.upgrade() for browser in browsers]
    assert statuses == 3 * FEW * [101] + FEW * [503]
    assert is_served(small, neighbour)
