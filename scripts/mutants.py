"""Runs tests/mutants/*.yml: each change, one at a time, against the tests that should fail with it.

An entry has `file`, the text `from`, which stands once in it, the text `to` in its place, and `tests`, a command line
of pytest, or of busted where it begins with that word. `fault` says what users met while the product was like that.
Before a change counts as noticed, its tests pass without it.
Suites run in a network of their own (lab/network), like in scripts/test-suite.
"""

import concurrent.futures
import os
import queue
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
type Mutant = dict[str, str]

LINKED = (".venv", ".tools", "collections")  # not of the repository, and nothing changes them
LONGEST = 900  # seconds for the tests of one change
LAB = (
    "tests/moderators",
    "tests/telephone",
    "tests/page",
    "tests/login",
    "tests/turn",
    "tests/streaming",
    "tests/mapper",
)


def copy_of_checkout(place: Path) -> Path:
    """The files that git knows, as they are now."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if os.path.lexists(ROOT / name):  # a link is copied as such
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name, follow_symlinks=False)
    for name in LINKED:
        (place / name).symlink_to(ROOT / name)
    subprocess.run(["git", "init", "--quiet", place], check=True)  # laws ask git which files there are
    return place


def run(place: Path, tests: str) -> tuple[bool, str]:
    """Whether these tests pass there, and which failed first, with what it said."""
    words = shlex.split(tests)
    if words[0] == "busted":
        command = ["busted", "--lua=lua5.4", *words[1:]]
    else:
        command = ["pytest", "-q", "-x", "-p", "no:cacheprovider", "--show-capture=no", *words]
    if words[0].startswith(LAB):
        command = ["lab/network", *command]
    done = subprocess.run(
        command, cwd=place, capture_output=True, text=True, timeout=LONGEST, stdin=subprocess.DEVNULL, check=False,
        # pytest cuts what a failure says at the terminal's width; programs that tests start import the copy's toolkit.
        env=os.environ | {"COLUMNS": "400", "ANSIBLE_CONFIG": str(place / "ansible.cfg"), "PYTHONPATH": str(place)},
    )  # fmt: skip
    if done.returncode not in (0, 1):  # 2 and more: pytest found no test, or an option it does not know
        sys.exit(f"mutants: {tests}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    # pytest's summary, or busted's list.
    failures = re.findall(r"^(?:FAILED|ERROR|Failure →|Error →) (.+)", done.stdout, re.MULTILINE)
    return done.returncode == 0, (failures or [""])[0]


def unnoticed(place: Path, mutant: Mutant) -> tuple[bool, str]:
    """What run says with the change, which is taken back."""
    file = place / mutant["file"]
    text = file.read_text()
    file.write_text(text.replace(mutant["from"], mutant["to"]))
    try:
        return run(place, mutant["tests"])
    finally:
        file.write_text(text)


def together(commands: Iterable[str]) -> list[str]:
    """As few command lines as possible that run all these tests, one or two for a folder: the start of a suite takes
    longer than most of its tests."""
    files: dict[tuple[str, bool], set[str]] = defaultdict(set)
    expressions: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for command in commands:
        path, *options = shlex.split(command)
        if path == "busted":
            path, options = command, []
        folder = path.rpartition("/")[0], bool(options)
        files[folder].add(path)
        expressions[folder] |= {f"({expression})" for expression in options[1:]}
    return [
        " ".join(sorted(files[folder])) + (f" -k {shlex.quote(' or '.join(sorted(found)))}" if found else "")
        for folder, found in sorted(expressions.items())
    ]


def shown(mutant: Mutant) -> str:
    change = f"{mutant['file']}: {mutant['from'].strip()!r} -> {mutant['to'].strip()!r} ({mutant['tests']})"
    return f"{mutant['fault']}: {change}" if "fault" in mutant else change


def changes(pattern: str = "") -> list[Mutant]:
    """The entries whose list or whose file has the pattern in its name."""
    return [
        mutant
        for entries in sorted((ROOT / "tests/mutants").glob("*.yml"))
        for mutant in yaml.safe_load(entries.read_text())
        if pattern in entries.stem or pattern in mutant["file"]
    ]


def main(pattern: str = "") -> int:
    mutants = changes(pattern)
    jobs = int(os.environ.get("JOBS", os.cpu_count() or 1))
    begun, survivors = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="mutants") as folder, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        places: queue.Queue[Path] = queue.Queue()
        for number in range(jobs):
            (place := Path(folder, str(number))).mkdir()
            places.put(copy_of_checkout(place))

        def there[T](work: Callable[..., T], *about: Any) -> T:
            place = places.get()
            try:
                return work(place, *about)
            finally:
                places.put(place)

        tests = together({mutant["tests"] for mutant in mutants})
        for command, (passed, failure) in zip(tests, pool.map(lambda it: there(run, it), tests), strict=True):
            if not passed:
                sys.exit(f"mutants: {command} fails without any change: {failure}")
        print(f"{len(mutants)} changes; their tests pass without them ({time.monotonic() - begun:.0f} s)", flush=True)
        for number, (mutant, (survived, failure)) in enumerate(
            zip(mutants, pool.map(lambda it: there(unnoticed, it), mutants), strict=True), start=1
        ):
            print(f"{number}/{len(mutants)} {'NOT NOTICED' if survived else 'noticed'}: {shown(mutant)}")
            print(f"    {failure}", flush=True)
            survivors += [mutant] if survived else []
    print(f"{len(mutants)} changes, {len(survivors)} survivors ({time.monotonic() - begun:.0f} s)")
    for mutant in survivors:
        print(f"  {shown(mutant)}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
