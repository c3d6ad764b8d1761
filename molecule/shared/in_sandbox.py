"""Runs on a host as root: the units named, as far as they run, are in their sandbox, as the kernel sees it."""

import subprocess
import sys
from pathlib import Path


def main_process(unit):
    command = ["systemctl", "show", "--value", "--property=MainPID", unit]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def outside(process):
    """What of a sandbox the process lacks."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    mounts = [line.split() for line in Path(f"/proc/{process}/mountinfo").read_text().splitlines()]
    [root] = [options for _, _, _, _, point, options, *_ in mounts if point == "/"]
    found = {
        "may get rights by starting programs": status["NoNewPrivs"] != "1",
        "may use every system call": status["Seccomp"] != "2",
        "may write to the whole file system": not root.startswith("ro"),
    }
    return [what for what, true in found.items() if true]


running = {unit: process for unit in sys.argv[1:] if (process := main_process(unit))}
assert running, f"none of {sys.argv[1:]} runs"
lacking = {unit: what for unit, process in running.items() if (what := outside(process))}
print("in their sandbox:", *running)
sys.exit(f"not in their sandbox: {lacking}" if lacking else 0)
