"""A crowd in real prosody: people enter and stay; one more waits beside a flood. For bench/.

The stand-ins of Jitsi's modules take part, jicofo and nginx do not: bench/crowd.py has nginx.
"""

import asyncio
import contextlib
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import visitor
from machine import processor_seconds
from visitor import Visitor

SCHOOLS, ROOMS, PEOPLE = 5, 20, 15  # addresses, rooms of each, people in each of these: 1,500
ON_THEIR_WAY = 100  # people who enter at the same time
PINGS = 50


def memory(process):
    """Its resident memory in MB."""
    return int(re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024


async def open_rooms(crowd, rooms):
    """The focus and a moderator in each of them."""
    focus, anna = await crowd.focus(), await crowd.person_everywhere("anna")
    for room in rooms:
        await focus.join(crowd.address(room), "focus")
        await anna.join(crowd.address(room))


async def enter_all(http, domain, rooms):
    """The people, all of whom stay, and how long each of them took to come in."""
    way = asyncio.Semaphore(ON_THEIR_WAY)
    people = [
        (Visitor(http, domain, f"192.0.2.{school + 1}"), room)
        for _ in range(PEOPLE)
        for school, some in enumerate(rooms)
        for room in some
    ]

    async def enter(number, person, room):
        async with way:
            return await person.enter(room, f"n{number}")

    times = await asyncio.gather(*(enter(number, *who) for number, who in enumerate(people)))
    return [person for person, _ in people], sorted(times)


async def pings(someone):
    """The median of what prosody takes to answer somebody."""
    return statistics.median([await someone.ping(number) for number in range(PINGS)])


@contextlib.contextmanager
def flooding(prosody):
    """Another visitor sends and connects as fast as it can, in a process of its own."""
    network = f"--net=/proc/{prosody.machine.holder.pid}/ns/net"
    words = ["nsenter", network, sys.executable, visitor.__file__, prosody.domain, "192.0.2.200"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as flooder:
        try:
            yield
            assert flooder.poll() is None, "the flood has ended by itself"
        finally:
            flooder.kill()


def test_1500_people_enter_and_stay(prosody, play, record_property):
    rooms = [[f"school{school}-{room}" for room in range(ROOMS)] for school in range(SCHOOLS)]
    figures = {}

    async def scene(crowd):
        await open_rooms(crowd, [room for some in rooms for room in some])
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            spent, began = processor_seconds(prosody.process), time.monotonic()
            people, times = await enter_all(http, crowd.domain, rooms)
            figures["people"], figures["seconds"] = len(people), time.monotonic() - began
            figures["processor_ms"] = (processor_seconds(prosody.process) - spent) * 1000 / len(people)
            figures["memory_mb"] = memory(prosody.process)
            figures["median"], figures["p99"] = statistics.median(times), times[len(times) * 99 // 100]
            one_more = Visitor(http, crowd.domain, "192.0.2.100")
            await one_more.enter(rooms[0][0], "onemore")
            figures["alone"] = await pings(one_more)
            with flooding(prosody):
                while "an address has all the sessions it may have" not in prosody.journal():
                    await asyncio.sleep(0.1)
                figures["beside"] = await pings(one_more)
            await asyncio.gather(*(person.ping(PINGS) for person in people))  # everybody is still there

    play(scene, 600)
    for name, value in figures.items():
        record_property(name, f"{value:.4f}")
