"""A crowd on one meet host: real firewall and nginx, visitors in network namespaces, a stand-in for prosody."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crowd import DOMAIN, SERVICE, Browser, Host, Visitor, enter, meet_host
from site_of import run, unpacked

ROOT = Path(__file__).resolve().parent.parent

PEOPLE, SCHOOLS = 300, 5
VISITS, SECONDS, CONNECTIONS = 12, 30, 200


def crowd() -> list[dict]:
    """Rows for people who join and stay, and for a visitor beside another one who floods."""
    subprocess.run(
        ["scripts/need", "wrk", "curl", "nftables", "nginx-light", "libnginx-mod-stream"], cwd=ROOT, check=True
    )
    with tempfile.TemporaryDirectory(prefix="bench-crowd-") as folder:
        (Path(folder) / "site").mkdir()
        with meet_host(Path(folder) / "site", unpacked(Path(folder) / "package")) as host:
            return [joins(host), flood(host)]


def joins(host: Host) -> dict:
    """Whole schools enter one by one, each person with a page, its style sheet and a websocket that stays open."""
    began, held = time.monotonic(), []
    for school in [host.visitor() for _ in range(SCHOOLS)]:
        for _ in range(PEOPLE):
            page, websocket = (Browser(host, plain) for plain in school.connections(443, 2))
            answers = [*page.ask("/room", "/css/all.css"), websocket.upgrade()]
            if answers != [200, 200, 101]:
                sys.exit(f"bench: person {len(held) + 1} got {answers}")
            held.append(websocket)
    seconds = time.monotonic() - began
    what = f"{len(held)} people join one by one and stay"
    print(f"{what:58} {len(held) / seconds:.0f} joins per second", flush=True)
    for websocket in held:
        websocket.socket.close()
    return {"what": what, "wall_s": round(seconds, 2)}


def visits(host: Host, visitor: Visitor) -> float:
    """The median of the times that a room's page takes for that visitor, each with a connection of its own."""
    words = ["curl", "-s", "--fail", "--cacert", str(host.authority), "--resolve", f"{DOMAIN}:443:{SERVICE[4]}"]
    words += ["-H", f"Cookie: {host.cookie}", "-o", "/dev/null", "-w", "%{time_total}", f"https://{DOMAIN}/room"]
    return statistics.median(float(run(*enter(visitor), *words)) for _ in range(VISITS))


def flood(host: Host) -> dict:
    """What a visitor waits for a page while nobody else is there, and while another one asks as fast as it can."""
    flooder, visitor = host.visitor(), host.visitor()
    alone = visits(host, visitor)
    words = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{SECONDS}",
        "-H",
        f"Cookie: {host.cookie}",
        f"https://{SERVICE[4]}/room",
    ]
    with subprocess.Popen([*enter(flooder), *words], stdout=subprocess.PIPE, text=True) as flooding:
        beside = visits(host, visitor)
        said = flooding.communicate()[0]
    rate = float(said.partition("Requests/sec:")[2].split()[0])
    what = f"one more visitor beside a flood of {CONNECTIONS} connections"
    print(
        f"{what:58} {beside * 1000:.0f} ms, alone {alone * 1000:.0f} ms, ratio {beside / alone:.1f}; "
        f"the flood: {rate:.0f} requests per second",
        flush=True,
    )
    return {"what": what, "wall_s": round(beside, 4), "alone_s": round(alone, 4), "flood_per_s": round(rate)}
