"""The page under load: nginx as role web configures it, on loopback, with the gate and without, by turns."""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from site_of import DOMAIN, Site, run, serve, unpacked

from bench import wrk

ROOT = Path(__file__).resolve().parent.parent

TURNS, SECONDS = 15, 2
CONNECTIONS = 200
PATHS = {"a room's page": "/room", "a library": "/libs/app.bundle.min.js?v=1", "a style sheet": "/css/all.css?v=1"}
ASKING = "the page that asks"


def cpu_seconds(site: Site) -> float:
    """The processor time of nginx' workers so far."""
    master = (site.folder / "nginx.pid").read_text().strip()
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    times = [Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[11:13] for worker in workers]
    return sum(int(ticks) for pair in times for ticks in pair) / os.sysconf("SC_CLK_TCK")


def load(site: Site, report: Path, path: str, cookie: str) -> dict:
    """Some seconds of wrk; meanwhile visitors come one by one, each with a connection of his own."""
    headers = ["-H", f"Cookie: {cookie}", "-H", "Accept-Encoding: gzip"]
    here = f"{DOMAIN}:{site.port}"
    visitor = ["curl", "-s", "--fail", "--cacert", site.authority, "--resolve", f"{here}:127.0.0.1", "-o", "/dev/null"]
    visitor += ["-w", "%{time_starttransfer} %{time_total}", *headers, f"https://{here}{path}"]
    words = [*wrk.command(report, 2, CONNECTIONS, SECONDS), *headers, f"https://127.0.0.1:{site.port}{path}"]
    visits, before = [], cpu_seconds(site)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as loading:
        while loading.poll() is None:
            visits.append([float(seconds) for seconds in run(*visitor).split()])
        said = wrk.seen(loading.stdout.read())
    if said["errors"]:
        sys.exit(f"bench: {said['errors']} of {said['requests']} requests for {path} failed")
    first_byte, full_load = (statistics.median(times) * 1000 for times in zip(*visits, strict=True))
    return {
        **wrk.times(said),
        "nginx_cpu_s": (cpu_seconds(site) - before) / said["requests"] * 1000,
        "first_byte_ms": first_byte,
        "full_load_ms": full_load,
    }


def page() -> list[dict]:
    """Rows for the page that asks and, with the gate and without, for what it guards."""
    subprocess.run(["scripts/need", "wrk", "curl", "nginx-light", "libnginx-mod-stream"], cwd=ROOT, check=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-page-")))
        files, report = unpacked(folder / "package"), wrk.report(folder)
        sites = {}
        for gate, consent in {"with the gate": "consent", "without": "none"}.items():
            (folder / consent).mkdir()
            sites[gate] = stack.enter_context(serve(folder / consent, files, jitsi_consent=consent))
        # Everybody brings it, so that only the gate differs.
        agreed = sites["with the gate"].cookie()
        tries = {
            f"{what}, {gate}": (site, path, agreed) for what, path in PATHS.items() for gate, site in sites.items()
        }
        tries[ASKING] = sites["with the gate"], "/room", "nothing=yes"
        seen = {what: [] for what in tries}
        for turn in range(TURNS):
            # Who is first changes from turn to turn.
            for what in list(tries)[:: -1 if turn % 2 else 1]:
                site, path, cookie = tries[what]
                seen[what].append(load(site, report, path, cookie))
    return [show(what, turns, seen.get(what.replace("with the gate", "without"))) for what, turns in seen.items()]


def show(what: str, turns: list[dict], without: list[dict]) -> dict:
    """Print and return the medians, and what the gate costs: of the ratios turn by turn the median, too."""
    row = {key: round(statistics.median(turn[key] for turn in turns), 3) for key in turns[0]}
    speed = f"{1000 / row['wall_s']:6.0f}/s, median {row['median_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms"
    visit = f"first byte {row['first_byte_ms']:.1f} ms, all {row['full_load_ms']:.1f} ms"
    print(f"{what:36} {speed}; one more visitor: {visit}", flush=True)
    if without and without is not turns:
        for key in ("wall_s", "nginx_cpu_s", "first_byte_ms", "full_load_ms"):
            pairs = zip(turns, without, strict=True)
            row[f"{key}_ratio"] = round(statistics.median(here[key] / there[key] for here, there in pairs), 3)
            print(f"{'':20}with the gate / without: {key:12} {row[f'{key}_ratio']:8.3f}")
    return {"what": f"{what}, {CONNECTIONS} connections", **row}
