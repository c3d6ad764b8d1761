"""The mapper under load: questions per second, beside nginx serving a file of the same size in the same run."""

import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mapper import KEY, Mapper, free_port, jid

from bench import wrk

ROOT = Path(__file__).resolve().parent.parent

TURNS, SECONDS, CONNECTIONS = 9, 2, 16
ROOMS = 1000
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
worker_processes 1;
events {{}}
http {{
  access_log off;
  keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port}; default_type application/json; root {folder}/files; }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path, answers: dict[str, str]) -> Iterator[str]:
    """Serves each answer as a file with one worker, for the mapper is one process, too."""
    port, file = free_port(), folder / "nginx.conf"
    (folder / "files").mkdir()
    for name, text in answers.items():
        (folder / "files" / name).write_text(text)
        (folder / "files" / name).chmod(0o644)
    folder.chmod(0o755)
    file.write_text(NGINX.format(folder=folder, port=port))
    server = subprocess.Popen(["/usr/sbin/nginx", "-e", "stderr", "-c", str(file)])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def load(report: Path, address: str) -> dict:
    command = [*wrk.command(report, 1, CONNECTIONS, SECONDS), "-H", f"Authorization: Bearer {KEY}", address]
    said = wrk.seen(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    if said["errors"] or not said["requests"]:
        sys.exit(f"bench: {said['errors']} of {said['requests']} requests for {address} failed")
    return wrk.times(said)


def mapper() -> list[dict]:
    """Rows for the PIN of a room that has one, and for the room of a PIN, among a thousand of them."""
    subprocess.run(["scripts/need", "wrk", "nginx-light", "python3-aiohttp"], cwd=ROOT, check=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-mapper-")))
        report = wrk.report(folder)
        running = Mapper(folder / "pins", new=ROOMS).start()
        stack.callback(running.stop)
        pins = [running.new(f"room-{number}") for number in range(ROOMS)]
        paths = {
            "the PIN of a room": f"/dial-in/pin?conference={jid('room-500')}",
            "the room of a PIN": f"/dial-in/room?id={pins[500]}&caller=5d1f",
        }
        bearer = {"Authorization": f"Bearer {KEY}"}
        answers = {what.replace(" ", "-"): running.ask(path, **bearer).text for what, path in paths.items()}
        files = stack.enter_context(nginx(folder, answers))
        tries = {what: f"http://127.0.0.1:{running.port}{path}" for what, path in paths.items()}
        tries |= {f"{what}, a file": f"{files}/{what.replace(' ', '-')}" for what in paths}
        for address in tries.values():
            load(report, address)  # everything is awake
        seen = {what: [] for what in tries}
        for turn in range(TURNS):
            # Who is first changes from turn to turn.
            for what in list(tries)[:: -1 if turn % 2 else 1]:
                seen[what].append(load(report, tries[what]))
    return [show(what, seen[what], seen[f"{what}, a file"]) for what in paths]


def show(what: str, turns: list[dict], files: list[dict]) -> dict:
    """Print and return the medians, and of the ratios turn by turn the median, too."""
    row = {key: round(statistics.median(turn[key] for turn in turns), 3) for key in turns[0]}
    pairs = zip(turns, files, strict=True)
    row["file_wall_s"] = round(statistics.median(turn["wall_s"] for turn in files), 3)
    row["ratio"] = round(statistics.median(here["wall_s"] / there["wall_s"] for here, there in pairs), 1)
    speed = f"{1000 / row['wall_s']:6.0f}/s, median {row['median_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms"
    print(
        f"{what:36} {speed}; nginx, a file as large: {1000 / row['file_wall_s']:6.0f}/s, ratio {row['ratio']}",
        flush=True,
    )
    return {"what": f"{what}, {CONNECTIONS} connections", **row}
