"""The streaming server under viewers: ffmpeg publishes, each viewer fetches the list and every part. One JSON line."""

import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import ssl
import statistics
import subprocess
import tempfile
import time
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import aiohttp
from machine import SUITES, root_filesystems
from site_of import NOISE, ORIGIN, Site, wait

ROOT = Path(__file__).resolve().parent.parent

VIEWERS, SECONDS = 50, 40


class Loopback(aiohttp.abc.AbstractResolver):
    """Where the stream's name leads in the server's network."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


def cpu_seconds(site: Site) -> float:
    """The processor time of nginx so far."""
    master = site.nginx.pid
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    times = [Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[11:13] for worker in workers]
    return sum(int(ticks) for pair in times for ticks in pair) / os.sysconf("SC_CLK_TCK")


async def watch(session: aiohttp.ClientSession, begins: float, ends: float) -> dict:
    """A viewer: how long each part took, what was missed or refused, how many bytes there were."""
    await asyncio.sleep(begins)
    took, numbers, refused, size = [], [], 0, 0
    while time.monotonic() < ends:
        async with session.get(f"{ORIGIN}/live/live.m3u8") as answer:
            parts = re.findall(r"^live-(\d+)\.ts$", await answer.text(), re.M)
        for number in map(int, parts if numbers else parts[-2:]):
            if numbers and number <= numbers[-1]:
                continue
            numbers.append(number)
            asked = time.monotonic()
            async with session.get(f"{ORIGIN}/live/live-{number}.ts") as answer:
                size += len(await answer.read())
                refused += answer.status != 200
            took.append(time.monotonic() - asked)
        await asyncio.sleep(1)
    missed = numbers[-1] - numbers[0] + 1 - len(numbers)
    return {"took": took, "faults": refused + missed, "bytes": size}


def watch_all(holder: int, authority: Path, cookie: str, answers: SimpleQueue) -> None:
    """All viewers, in the server's network."""
    os.setns(os.open(f"/proc/{holder}/ns/net", os.O_RDONLY))

    async def together() -> list[dict]:
        connector = aiohttp.TCPConnector(
            limit=0, resolver=Loopback(), ssl=ssl.create_default_context(cafile=str(authority))
        )
        ends = time.monotonic() + SECONDS
        async with contextlib.AsyncExitStack() as stack:
            # Each with a connection of his own, and they come one after the other.
            sessions = [
                await stack.enter_async_context(
                    aiohttp.ClientSession(connector=connector, connector_owner=False, headers={"Cookie": cookie})
                )
                for _ in range(VIEWERS)
            ]
            stack.push_async_callback(connector.close)
            return await asyncio.gather(*(watch(one, n * 2 / VIEWERS, ends) for n, one in enumerate(sessions)))

    answers.put(asyncio.run(together()))


def main() -> None:
    subprocess.run(["scripts/need", "curl", "ffmpeg", "mmdebstrap"], cwd=ROOT, check=True)
    root = root_filesystems()[SUITES[0]]
    with tempfile.TemporaryDirectory(prefix="bench-stream-") as folder, contextlib.ExitStack() as stack:
        site = Site(root, Path(folder))
        stack.callback(site.machine.close)
        stack.enter_context(site.stream(picture=NOISE))
        cookie = site.consent()
        wait(lambda: site.get("/live/live.m3u8", cookies=cookie).text.count(".ts") > 4, "no stream")
        answers = multiprocessing.SimpleQueue()
        viewers = multiprocessing.Process(
            target=watch_all, args=(site.machine.holder.pid, site.authority, cookie, answers)
        )
        before, began = cpu_seconds(site), time.monotonic()
        viewers.start()
        seen = answers.get()
        viewers.join()
        wall, cpu = time.monotonic() - began, cpu_seconds(site) - before
    took = sorted(seconds for one in seen for seconds in one["took"])
    row = {
        "what": f"{VIEWERS} viewers of the stream",
        "wall_s": round(took[len(took) * 99 // 100], 2),
        "median_s": round(statistics.median(took), 2),
        "mbits": round(sum(one["bytes"] for one in seen) * 8 / wall / 1e6),
        "faults": sum(one["faults"] for one in seen),
        "nginx_cores": round(cpu / wall, 3),
        "viewers_per_core": round(VIEWERS * wall / cpu),
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
