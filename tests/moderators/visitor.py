"""A visitor in frames by hand: what a library spends on 1,500 people would be taken for prosody's.

visitor.py DOMAIN ADDRESS: floods prosody from that address until it is ended; runs in prosody's network.
"""

import asyncio
import itertools
import sys
import time

import aiohttp

FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
OPEN = f"<open xmlns='{FRAMING}' to='{{}}' version='1.0'/>"
NAMELESS = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"
BIND = "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
PING = "<iq xmlns='jabber:client' type='get' id='{}' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>"
PRESENCE = (
    "<presence xmlns='jabber:client' to='{}/{}'><x xmlns='http://jabber.org/protocol/muc'/>"
    "<nick xmlns='http://jabber.org/protocol/nick'>{}</nick></presence>"
)
FLOODING = 50  # connections that are opened at once


class Visitor:
    """Somebody without an account, whose frames nginx would hand on from that address."""

    def __init__(self, http: aiohttp.ClientSession, domain: str, address: str):
        self.http, self.domain, self.address = http, domain, address
        self.host = f"guest.{domain}"

    async def open(self, room: str) -> None:
        headers = {"Host": self.domain, "X-Forwarded-For": self.address}
        page = f"http://127.0.0.1:5280/xmpp-websocket?room={room}"
        self.socket = await self.http.ws_connect(page, protocols=("xmpp",), headers=headers)

    async def ask(self, frame: str, answer: str) -> str:
        """Says it, and reads until a frame has the answer in it; that frame."""
        await self.socket.send_str(frame)
        async with asyncio.timeout(120):
            while answer not in (came := await self.socket.receive_str()):
                if "<error" in came or "<failure" in came:
                    raise RuntimeError(came)
            return came

    async def log_in(self) -> None:
        await self.ask(OPEN.format(self.host), "features")
        await self.ask(NAMELESS, "success")
        await self.ask(OPEN.format(self.host), "features")
        await self.ask(BIND, "'bind'")

    async def enter(self, room: str, nick: str) -> float:
        """Seconds from the first packet to being in the room."""
        began = time.monotonic()
        await self.open(room)
        await self.log_in()
        await self.ask(PRESENCE.format(f"{room}@conference.{self.domain}", nick, nick), "'110'")
        return time.monotonic() - began

    async def ping(self, number: int) -> float:
        """Seconds until prosody has answered."""
        began = time.monotonic()
        await self.ask(PING.format(f"ping-{number}", self.host), f"ping-{number}")
        return time.monotonic() - began


async def send_without_end(visitor: Visitor) -> None:
    await visitor.open("flood")
    await visitor.log_in()
    for number in itertools.count():
        await visitor.socket.send_str(PING.format(number, visitor.host))
        await asyncio.sleep(0)  # the others' turn


async def open_without_end(visitors: list[Visitor], http: aiohttp.ClientSession, *who: str) -> None:
    while True:
        visitors.append(Visitor(http, *who))
        await visitors[-1].open("flood")


async def flood(domain: str, address: str) -> None:
    visitors = []  # who nobody remembers is disconnected
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        openers = [open_without_end(visitors, http, domain, address) for _ in range(FLOODING)]
        await asyncio.gather(send_without_end(Visitor(http, domain, address)), *openers)


if __name__ == "__main__":
    asyncio.run(flood(*sys.argv[1:]))
