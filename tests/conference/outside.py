"""The world's view: sockets, TLS and HTTP to the customer's public addresses, without asking DNS."""

import asyncio
import datetime
import http.client
import itertools
import re
import socket
import ssl
import warnings
from urllib.parse import urlencode

from customer import Customer

TIMEOUT = 15  # seconds for an answer: a busy server is slow, and still there


def dial(customer: Customer, name: str, port: int) -> socket.socket:
    return socket.create_connection((customer.address(name), port), TIMEOUT)


def trust(customer: Customer) -> ssl.SSLContext:
    """Trusts what a participant's browser trusts: the system's authorities and, in a lab, the customer's own."""
    context = ssl.create_default_context()
    if customer.ca:
        context.load_verify_locations(customer.ca)
    return context


def tls(customer: Customer, name: str, port: int, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    """A TLS connection whose certificate was verified for the name."""
    return (context or trust(customer)).wrap_socket(dial(customer, name, port), server_hostname=name)


def days_left(certificate: dict) -> float:
    """Days until the certificate (as getpeercert() gives it) expires."""
    expires = ssl.cert_time_to_seconds(certificate["notAfter"])
    return (expires - datetime.datetime.now(datetime.UTC).timestamp()) / 86400


def client_hello(version: ssl.TLSVersion, name: str) -> bytes:
    """The first bytes a client sends that speaks nothing newer than version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL keeps quiet about old versions otherwise
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that the version is old is the point
        context.minimum_version = context.maximum_version = version
    outgoing = ssl.MemoryBIO()
    conversation = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        conversation.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake without a server")


def accepts(customer: Customer, name: str, port: int, version: ssl.TLSVersion) -> bool:
    """Does the server go on after a client of that version said hello? An alert, a hang-up or silence means no."""
    handshake = b"\x16"
    with dial(customer, name, port) as connection:
        connection.sendall(client_hello(version, name))
        connection.settimeout(2)  # coturn neither answers nor hangs up
        try:
            return connection.recv(1) == handshake
        except (ConnectionResetError, TimeoutError):
            return False


class Response:
    """Status, headers and text of an answer."""

    def __init__(self, answer: http.client.HTTPResponse):
        self.status = answer.status
        self.headers = answer.headers
        self.text = answer.read().decode(errors="replace")


def ask(
    customer: Customer,
    path: str,
    scheme: str = "https",
    method: str = "GET",
    name: str = "",
    body: str | None = None,
    **headers: str,
) -> Response:
    """Asks the page, the customer's or that of name, as somebody who comes for the first time; follows no redirect."""
    name = name or customer.domain
    if scheme == "https":
        connection = http.client.HTTPSConnection(name, timeout=TIMEOUT)
        connection.sock = tls(customer, name, 443)
    else:
        connection = http.client.HTTPConnection(name, timeout=TIMEOUT)
        connection.sock = dial(customer, name, 80)
    try:
        connection.request(method, path, body, headers)
        return Response(connection.getresponse())
    finally:
        connection.close()


def consent(customer: Customer, name: str = "") -> dict[str, str]:
    """Agrees to what the page asks, as its button does; the header a browser would send from then on, if any."""
    origin = f"https://{name or customer.domain}"
    cookie = ask(customer, "/", method="POST", name=name, Origin=origin).headers["Set-Cookie"]
    return {"Cookie": cookie.partition(";")[0]} if cookie else {}


def cookie_of(answer: Response, name: str) -> str:
    """What the answer sets as that cookie, as a browser would send it; empty when it does not."""
    cookies = [cookie.partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie", [])]
    return next((cookie for cookie in cookies if cookie.startswith(f"{name}=")), "")


def log_in(customer: Customer, name: str, password: str, agreed: dict[str, str]) -> dict[str, str]:
    """Logs in at the login service as its form does; the headers of this browser from then on, none when refused."""
    page = ask(customer, "/login", **agreed)
    cookies = "; ".join(filter(None, [agreed.get("Cookie", ""), cookie_of(page, "__Host-form")]))
    mark = re.search(r'name="form" value="([0-9a-f]+)"', page.text)
    if not mark:
        raise AssertionError(f"/login has no form to log in with, and answers {page.status}")
    body = urlencode({"user": name, "password": password, "form": mark[1]})
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": customer.url, "Cookie": cookies}
    session = cookie_of(ask(customer, "/login", method="POST", body=body, **form), "__Host-login")
    return {"Cookie": f"{cookies}; {session}", "Origin": customer.url} if session else {}


def come_by_link(customer: Customer, room: str, token: str, agreed: dict[str, str]) -> dict[str, str]:
    """Comes by a room's link with a token; the headers of this browser from then on, none when it is a guest's."""
    answer = ask(customer, f"/{room}?jwt={token}", **agreed)
    if (answer.status, answer.headers.get("Location")) != (303, f"{customer.url}/{room}"):
        raise AssertionError(f"a link with a token does not lead to the room's plain address, but to {answer.status}")
    session = cookie_of(answer, "__Host-login")
    cookies = "; ".join(filter(None, [agreed.get("Cookie", ""), session]))
    return {"Cookie": cookies, "Origin": customer.url} if session else {}


def get(customer: Customer, path: str, scheme: str = "https") -> Response:
    """Asks the customer's page as somebody who has agreed."""
    return ask(customer, path, scheme, **consent(customer))


async def _knock(address: str, port: int, timeout: float) -> str:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), timeout)
    except ConnectionRefusedError:
        return "closed"  # let through by every firewall, nobody listens
    except (TimeoutError, OSError):
        return "filtered"
    writer.close()
    return "open"


def knock(addresses: list[str], ports: list[int], timeout: float = 2) -> dict[tuple[str, int], str]:
    """TCP ports of addresses, all at once, as open, closed (firewalls let it pass, nobody listens) or filtered."""
    doors = list(itertools.product(addresses, ports))

    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(_knock(address, port, timeout) for address, port in doors))

    return dict(zip(doors, asyncio.run(all_at_once()), strict=True))
