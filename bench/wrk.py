"""What the benchmarks of web servers have in common: wrk, and its report as numbers."""

import json
from pathlib import Path

# What wrk prints at its end. Times are in microseconds.
REPORT = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "us": %d, "median_us": %d, "p99_us": %d, "errors": %d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def report(folder: Path) -> Path:
    """The script that has wrk print its report."""
    file = folder / "report.lua"
    file.write_text(REPORT)
    return file


def command(script: Path, threads: int, connections: int, seconds: int) -> list[str]:
    """The words before headers and address."""
    return ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "-s", str(script)]


def seen(printed: str) -> dict:
    """What the report says."""
    return json.loads(printed.splitlines()[-1])


def times(said: dict) -> dict[str, float]:
    """The report's times as rows have them."""
    return {
        "wall_s": said["us"] / said["requests"] / 1000,  # of a thousand requests
        "median_ms": said["median_us"] / 1000,
        "p99_ms": said["p99_us"] / 1000,
    }
