"""Measure validation, provisioning, configuration, logins, page, crowds, PINs, relays, stream: time and memory.

usage: python -m bench [--only validate|provision|configure|logins|page|crowd|joins|mapper|turn|streaming]
       python -m bench --measure NAME COMMAND...     one command, as one JSON line

Prints a table and stores it as JSON lines in $LAB_STATE/bench.jsonl. Compare rows of one run only: machines differ and
are shared, so the ratios are what counts. CPU and memory are those of the command and what it waited for; servers in
containers share this machine's cores, their share shows in the wall time alone.
"""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import parse

from bench.crowd import crowd
from bench.mapper import mapper
from bench.page import page

ROOT = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("LAB_STATE", ROOT / ".lab"))
SMALL = "inventories/example-small/plan.yml"

# What a fresh ansible.cfg would say, over ours; only the paths of roles and plugins stay.
STOCK = {
    "ANSIBLE_STRATEGY": "linear",
    "ANSIBLE_PIPELINING": "false",
    "ANSIBLE_FORKS": "5",
    "ANSIBLE_SSH_ARGS": "-C -o ControlMaster=auto -o ControlPersist=60s",
    "ANSIBLE_INJECT_FACT_VARS": "true",
    "ANSIBLE_GATHERING": "implicit",
    "ANSIBLE_PYTHON_INTERPRETER": "auto",
}


def accelerated() -> dict[str, str]:
    """The environment that make runs playbooks with."""
    words = subprocess.run(["scripts/accelerate"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return dict(word.split("=", 1) for word in words)


def measure(name: str, command: list[str], environment: dict[str, str]) -> dict:
    """Run command to its end and return what it cost; a failing command ends the benchmark with its output."""
    log = STATE / "bench.log"
    began = time.monotonic()
    with log.open("w") as output:
        child = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"bench: {' '.join(command)} failed:\n{log.read_text()[-3000:]}")
    return {
        "what": name,
        "wall_s": round(time.monotonic() - began, 2),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": usage.ru_maxrss // 1024,
    }


def show(row: dict) -> dict:
    """Print the row of the table, and hand it on."""
    print(f"{row['what']:58} {row['wall_s']:8.1f} s {row['cpu_s']:8.1f} CPU-s {row['peak_mb']:6d} MB", flush=True)
    return row


def validate() -> list[dict]:
    """A customer's folder from settings to verdict."""
    with customer() as folder:
        command = ["ansible-playbook", "-i", f"{folder}/plan.yml", "playbooks/validate.yml"]
        command += ["-e", f"cloud_ssh_private_key_file={folder}/key"]
        return [show(measure("validate", command, {"OS_CLIENT_CONFIG_FILE": f"{folder}/clouds.yaml"}))]


@contextlib.contextmanager
def customer() -> Iterator[str]:
    """A scaffolded customer with a key and a cloud of its own, removed afterwards."""
    folder = STATE / "bench-customer"
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    arguments = {
        "NAME": "bench", "DOMAIN": "meet.bench.test", "PLAN": "office", "CLOUD": "lab", "DIR": str(folder),
        "REGION": "RegionOne", "NETWORK": "public", "EMAIL": "admin@bench.test",
        "IMPRINT": "https://www.bench.test/imprint", "PRIVACY": "https://www.bench.test/privacy",
        "MODERATORS": "anna", "FLAVOR_MEET": "m", "FLAVOR_VIDEOBRIDGE": "m", "FLAVOR_TURN": "m",
    }  # fmt: skip
    subprocess.run(
        ["scripts/new-customer", *(f"{k}={v}" for k, v in arguments.items())],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    (folder / "clouds.yaml").write_text("clouds: {lab: {}}\n")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True)
    try:
        yield str(folder)
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def provision() -> list[dict]:
    """1, 4, 8 and 16 bridges on the real OpenStack API; measured where the lab is."""
    result = subprocess.run(["bench/provision"], cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"bench: provisioning failed:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return [show(json.loads(line)) for line in result.stdout.splitlines() if line.startswith("{")]


def configure() -> list[dict]:
    """First configuration of `small` on containers, then runs without change, twice: ours, then with less of it."""
    run = STATE / "bench-molecule"
    molecule = {"MOLECULE_EPHEMERAL_DIRECTORY": str(run)}
    playbook = ["ansible-playbook", "-i", SMALL, "-i", str(run / "lab"), "playbooks/configure.yml"]
    log = (STATE / "bench-molecule.log").open("w")
    quiet = {"cwd": ROOT, "env": os.environ | molecule, "check": True, "stdout": log, "stderr": subprocess.STDOUT}
    try:
        for step in ("dependency", "create", "prepare"):
            subprocess.run(["molecule", step, "--scenario-name", "small"], **quiet)
        runs = [("first run", accelerated())] + 2 * [
            ("no change", accelerated()),
            ("no change, without mitogen", {}),
            ("no change, Ansible's default settings", STOCK),
        ]
        return [show(measure(f"configure small, {name}", playbook, settings)) for name, settings in runs]
    finally:
        subprocess.run(["molecule", "destroy", "--scenario-name", "small"], **quiet)


def suite(name: str, *arguments: str) -> list[tuple[Element, dict[str, float]]]:
    """The cases of a test run, each with the figures it recorded; a failing run ends the benchmark with its output."""
    report = STATE / f"bench-{name}.xml"
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench: {name} failed:\n{done.stdout[-3000:]}")
    cases = parse(report).iter("testcase")
    return [(case, {each.get("name"): float(each.get("value")) for each in case.iter("property")}) for case in cases]


def parameter(case: Element) -> str:
    """What pytest prints in brackets."""
    return case.get("name").partition("[")[2].rstrip("]")


def logins() -> list[dict]:
    """200 people of a directory log in at the same time, at slapd or Samba."""
    rows = []
    for case, seen in suite("logins", "tests/login", "-k", "200_logins"):
        server = "Samba" if "ldap_ad" in case.get("classname") else f"slapd of {parameter(case)}"
        what = f"200 logins at the same time, {server}"
        print(
            f"{what:58} median {seen['median']:.1f} s, p99 {seen['p99']:.1f} s, errors {seen['errors']:.0f}", flush=True
        )
        rows.append({"what": what, "wall_s": seen["p99"], **seen})
    return rows


def joins() -> list[dict]:
    """1,500 people enter rooms of real prosody and stay, and what one more waits beside a flood."""
    rows = []
    for case, seen in suite("joins", "tests/moderators/joins.py"):
        what = f"{seen['people']:.0f} people enter and stay, prosody of {parameter(case)}"
        print(
            f"{what:58} {seen['people'] / seen['seconds']:.0f} joins per second, median {seen['median']:.1f} s, p99 "
            f"{seen['p99']:.1f} s, {seen['processor_ms']:.1f} ms of prosody each, {seen['memory_mb']:.0f} MB; "
            f"an answer {seen['alone'] * 1000:.0f} ms, beside a flood {seen['beside'] * 1000:.0f} ms",
            flush=True,
        )
        rows.append({"what": what, "wall_s": seen["seconds"], **seen})
    return rows


def turn() -> list[dict]:
    """Processor time of coturn per relayed megabit, with our configuration and with next to none, by turns."""
    rows = []
    for case, seen in suite("turn", "tests/turn/throughput.py"):
        what = f"relay, {parameter(case)}"
        ours, bare = 1000 / seen["ours"], 1000 / seen["bare"]
        print(f"{what:58} {ours:.1f} ms per Mbit, bare coturn {bare:.1f} ms, ratio {ours / bare:.2f}", flush=True)
        rows.append({"what": what, "wall_s": ours / 1000, **seen})
    return rows


def streaming() -> list[dict]:
    """Viewers of the streaming server; a program of its own, as its site and the page's are called the same."""
    command = [sys.executable, "-m", "bench.stream"]
    shared = {"PYTHONPATH": "tests:tests/streaming:tests/conference:tests/render"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | shared, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench: the stream failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    row = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{row['what']:58} {row['mbits']} Mbit/s, {row['nginx_cores']} cores of nginx, {row['viewers_per_core']} "
        f"viewers per core; a part median {row['median_s']} s, p99 {row['wall_s']} s; {row['faults']} not got",
        flush=True,
    )
    return [row]


def ratios(rows: list[dict]) -> list[str]:
    """The figures to compare from run to run; of what ran twice, the run that was disturbed less counts."""
    wall = {row["what"]: row["wall_s"] for row in sorted(rows, key=lambda row: -row["wall_s"])}
    pairs = [
        ("no change: Ansible's defaults / ours", "configure small, no change, Ansible's default settings",
         "configure small, no change"),
        ("provisioning: 16 bridges / 1 bridge", "provision 16 bridges", "provision 1 bridges"),
    ]  # fmt: skip
    return [f"{name:58} {wall[a] / wall[b]:8.1f}" for name, a, b in pairs if a in wall and b in wall]


def main() -> None:
    stages = {
        stage.__name__: stage
        for stage in (validate, provision, configure, logins, page, crowd, joins, mapper, turn, streaming)
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=stages)
    parser.add_argument("--measure", nargs=argparse.REMAINDER, default=[])
    arguments = parser.parse_args()
    only = arguments.only
    STATE.mkdir(parents=True, exist_ok=True)
    if arguments.measure:
        name, *command = arguments.measure
        print(json.dumps(measure(name, command, {})))
        return
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    print(f"{platform.machine()}, {os.cpu_count()} cores, {memory} GiB, Python {platform.python_version()}")
    rows = [row for name, stage in stages.items() if only in (None, name) for row in stage()]
    print("\n".join(ratios(rows)))
    with (STATE / "bench.jsonl").open("a") as store:
        store.writelines(json.dumps(row | {"at": int(time.time())}) + "\n" for row in rows)


if __name__ == "__main__":
    main()
