"""A meet host and its visitors, each in a network namespace: real firewall, real nginx, many connections."""

import asyncio
import contextlib
import itertools
import json
import re
import resource
import select
import socket
import ssl
import threading
from pathlib import Path

from network import Place, enter, inside
from rendering import link_role, play
from site_of import DOMAIN, HERE, certify, need, placed, run, started, write

SERVICE = {4: "192.0.2.1", 6: "2001:db8:1::1"}
IPV6_FREEBIND = 78  # of linux/in6.h; Python has no name for it
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}


class Visitor(Place):
    """A network behind one IPv4 address, with an IPv6 network (/64) of its own."""

    def __init__(self, number: int, server: Place):
        super().__init__()
        self.number, self.network = number, f"2001:db8:{number}:"
        pid = self.holder.pid
        run(
            *enter(server),
            *("sh", "-ec"),
            f"""
            ip link add visitor{number} type veth peer name eth0 netns {pid}
            ip link set visitor{number} up
            ip address add 198.51.100.{number}/31 dev visitor{number}
            ip address add 2001:db8:ffff:{number}::1/64 dev visitor{number} nodad
            ip route add 2001:db8:{number}::/64 via 2001:db8:ffff:{number}::2
            """,
        )
        run(
            *enter(self),
            *("sh", "-ec"),
            f"""
            ip link set eth0 up
            ip address add 198.51.100.{number + 1}/31 dev eth0
            ip address add 2001:db8:ffff:{number}::2/64 dev eth0 nodad
            ip route add {SERVICE[4]} via 198.51.100.{number}
            ip route add {SERVICE[6]} via 2001:db8:ffff:{number}::1
            ip route add local 2001:db8:{number}::/64 dev lo
            """,
        )

    def connections(self, port: int, count: int, version: int = 4) -> list[socket.socket]:
        """As many connections as are let in of so many that are tried at once, over IPv6 each from another address."""
        family = {4: socket.AF_INET, 6: socket.AF_INET6}[version]
        trying = {}
        poll = select.poll()
        with inside(self):
            for n in range(count):
                one = socket.socket(family)
                one.setblocking(False)
                if version == 6:
                    one.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
                    one.bind((f"{self.network}:{n + 1:x}", 0))
                one.connect_ex((SERVICE[version], port))
                trying[one.fileno()] = one
                poll.register(one, select.POLLOUT)
        held = []
        while trying:
            answers = poll.poll(60_000)
            assert answers, f"{len(trying)} of {count} connections are neither let in nor refused"
            for number, _ in answers:
                one = trying.pop(number)
                poll.unregister(number)
                if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    one.close()
                else:
                    held.append(one)
        return held

    def browser(self, host, port: int = 443, version: int = 4) -> "Browser":
        """One that has connected to that port."""
        [plain] = self.connections(port, 1, version)
        return Browser(host, plain)


class Browser:
    """A connection, with TLS at port 443, on which requests go out without waiting for answers."""

    def __init__(self, host, plain: socket.socket):
        plain.settimeout(60)
        secret = plain.getpeername()[1] == 443
        self.socket = host.context.wrap_socket(plain, server_hostname=DOMAIN) if secret else plain
        self.answers = self.socket.makefile("rb")
        self.cookie = host.cookie

    def ask(self, *paths: str, **headers: str) -> list[int]:
        """The status of the answer for each path."""
        headers = {"Host": DOMAIN, "Cookie": self.cookie, **headers}
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall("".join(f"GET {path} HTTP/1.1\r\n{told}\r\n" for path in paths).encode())
        return [self._status() for _ in paths]

    def upgrade(self) -> int:
        """The status of the answer when the connection is to become a websocket."""
        return self.ask("/xmpp-websocket?room=x", **UPGRADE)[0]

    def _status(self) -> int:
        status, length = int(self.answers.readline().split()[1]), 0
        for line in iter(self.answers.readline, b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            if name.lower() == b"transfer-encoding":
                length = None
        while length is None and (size := int(self.answers.readline(), 16)):
            self.answers.read(size + 2)
        self.answers.read(2 if length is None else length)
        return status


async def _signalling(reader, writer):
    """prosody as far as nginx sees it: a websocket is held until its client has gone."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            if b"upgrade: websocket" in head.lower():
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                await reader.read()
                break
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsignalling")
    writer.close()


@contextlib.contextmanager
def signalling(place: Place):
    """The port of a prosody in that place."""
    with inside(place):
        listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    # In a thread from its beginning: where Chromium was used before, this one has a loop that runs.
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(asyncio.start_server(_signalling, sock=listening), loop).result()
    yield listening.getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


class Host:
    """The meet host; visitor() makes a network of visitors."""

    def __init__(self, folder: Path, place: Place, stack: contextlib.ExitStack):
        self.place, self.stack, self.numbers = place, stack, itertools.count(10, 2)
        self.authority = folder / "server.crt"
        self.context = ssl.create_default_context(cafile=self.authority)
        self.cookie = ""

    def visitor(self) -> Visitor:
        return self.stack.enter_context(contextlib.closing(Visitor(next(self.numbers), self.place)))


@contextlib.contextmanager
def meet_host(folder: Path, package: Path, **settings):
    """Runs nginx behind the firewall, both as roles web and base write them for a customer with these settings."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    write(folder, settings)
    certify(folder)
    link_role("base", folder / "firewall", HERE / "firewall_tasks.yml")
    variables = json.dumps({"folder": str(folder)} | settings)
    play(HERE / "firewall.yml", folder / "firewall", "example-small", "-e", variables)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(contextlib.closing(Place()))
        for version, prefix in ((4, 32), (6, 128)):
            run(*enter(place), "ip", f"-{version}", "address", "add", f"{SERVICE[version]}/{prefix}", "dev", "lo")
        run(*enter(place), need("nft", "nftables"), "-f", folder / "nftables.conf")
        prosody = stack.enter_context(signalling(place))
        (folder / "served.conf").write_text(placed(folder, package, prosody))
        stack.enter_context(started(folder / "served.conf", lambda: _listens(place), enter(place)))
        host = Host(folder, place, stack)
        host.cookie = re.search("consent=[0-9a-f]{16}", (folder / "gate-http.conf").read_text())[0]
        yield host


def _listens(place: Place) -> bool:
    with inside(place), contextlib.suppress(ConnectionRefusedError), socket.create_connection((SERVICE[4], 443), 1):
        return True
    return False
