"""The releases of Jitsi that the repository holds, and the catalogue of those a customer may choose.

usage: releases [FOLDER] [ADD=2.0.11248]
       releases --check

  FOLDER   a customer's folder: its jitsi_repository is asked, not the default
  ADD      write this release into the catalogue (jitsi_releases in group_vars/all/catalog.yml)
  --check  as `make validate` asks: does the repository have what JSON on standard input names?

jitsi-videobridge2, jicofo, jitsi-meet-web, -web-config and -prosody belong to a release in the versions that its
package jitsi-meet depends on. jibri and jigasi have releases of their own: the newest of the release's day belongs to
it, by the dates of the files (Last-Modified). A mirror that does not keep these dates gives each release the newest.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NoReturn

import yaml

from toolkit.cli.jitsi_releases import (
    DATED,
    PINNED,
    JitsiRelease,
    by_version,
    dated,
    release_errors,
    releases,
    versions,
)
from toolkit.cli.jitsi_repository import Package, UnavailableError, UntrustedError, dates, package_list
from toolkit.cli.program import ROOT, run
from toolkit.folder.in_folder import in_folder
from toolkit.settings.schema import defaults
from toolkit.whole_file import changing, write_whole

CATALOGUE = ROOT / "group_vars/all/catalog.yml"
DEADLINE = 10  # seconds for the whole of --check
WEB = PINNED[:3]
HEAD = ("RELEASE", "DATE", "jitsi-meet-web, -web-config, -prosody", "jicofo", "jitsi-videobridge2", *DATED, "")


# Package -> its versions in the repository.
type Held = Mapping[str, Mapping[str, Package]]


def refuse(sentence: str) -> NoReturn:
    """End the program with the sentence."""
    sys.exit(f"releases: {sentence}")


def arguments(words: list[str]) -> tuple[Path | None, str]:
    """The customer's folder, and the release to add."""
    folder, release = None, ""
    for word in words:
        if word in ("-h", "--help"):
            print(str(__doc__).strip())
            sys.exit()
        key, equals, value = word.partition("=")
        if equals and key == "ADD":
            release = value
        elif (Path(word) / "plan.yml").is_file():
            folder = Path(word).absolute()
        else:
            refuse(f"{word} is neither ADD=RELEASE nor a customer's folder with a plan.yml.")
    if release and not re.fullmatch(r"[0-9]+(\.[0-9]+)+", release):
        refuse(f"ADD is {release}: write a release such as 2.0.11146.")
    return folder, release


def repository_of(folder: Path | None) -> dict[str, Any]:
    """The value of jitsi_repository: the default, or the customer's."""
    if folder is None:
        default: dict[str, Any] = defaults()["jitsi_repository"]
        return default
    ansible = str(Path(sys.executable).with_name("ansible"))
    where = ["-i", str(folder / "plan.yml"), "--playbook-dir", "playbooks", "--connection", "local", "jitsi[0]"]
    question = [ansible, *where, "--module-name", "debug", "--args", "var=jitsi_repository"]
    done = subprocess.run(question, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        refuse(f"jitsi_repository of {folder} cannot be read: {(done.stdout + done.stderr).strip()}")
    repository: dict[str, Any] = yaml.safe_load(done.stdout.partition(" => ")[2])["jitsi_repository"]
    if file := repository.get("key_file"):
        repository["key_file"] = in_folder(file, str(folder.absolute()))
    return repository


def tested() -> set[str]:
    """The releases that the tests know."""
    lines = (ROOT / "lab/packages/releases").read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def notes(name: str, release: JitsiRelease | None, known: Mapping[str, Any], held: Held) -> str:
    """What an operator wants to know of a release besides its versions."""
    entry = known["jitsi_releases"].get(name, {})
    lacking = [f"{package} {version}" for package, version in entry.items() if version not in held[package]]
    said = ["default"] if name == known["jitsi_release"] else []
    said += ["in the catalogue"] if entry else []
    said += ["tested"] if name in tested() else []
    if release is None:
        said.append("not in the repository")
    elif release.missing:
        said.append(f"incomplete: no {', '.join(release.missing)} in the repository")
    elif lacking:
        said.append(f"not in the repository: the catalogue's {', '.join(lacking)}")
    return ", ".join(said)


def table(found: list[JitsiRelease], known: Mapping[str, Any], held: Held) -> str:
    """One line per release of the repository or the catalogue, the newest last, where a terminal shows it."""
    in_repository = {release.name: release for release in found}
    rows: list[tuple[str, ...]] = [HEAD]
    for name in sorted(in_repository | known["jitsi_releases"], key=by_version):
        release = in_repository.get(name)
        packages = release.packages if release else {}
        web = " / ".join(dict.fromkeys(packages[part] for part in WEB if part in packages))
        cells = [f"{release.date:%Y-%m-%d}" if release else "", web, *(packages.get(part, "") for part in HEAD[3:-1])]
        rows.append((name, *(cell or "-" for cell in cells), notes(name, release, known, held)))
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    return "\n".join("".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def with_release(text: str, name: str, packages: dict[str, str]) -> str:
    """The catalogue's file with one more release at its place; every other line stays as it is."""
    lines = text.splitlines(keepends=True)
    start = next((n for n, line in enumerate(lines, 1) if line.startswith("jitsi_releases:")), len(lines))
    end = next((n for n in range(start, len(lines)) if lines[n][0] not in " #\n"), len(lines))
    entries = ((n, re.match(r"  ([0-9.]+):", lines[n])) for n in range(start, end))
    place = next((n for n, entry in entries if entry and by_version(entry[1]) > by_version(name)), end)
    # A comment belongs to what follows.
    while not lines[place - 1].strip() or lines[place - 1].lstrip().startswith("#"):
        place -= 1
    entry = f"  {name}:\n" + "".join(f"    {package}: {packages[package]}\n" for package in (*PINNED, *DATED))
    changed = "".join(lines[:place]) + entry + "".join(lines[place:])
    before = yaml.safe_load(text)
    wanted = before | {"jitsi_releases": before["jitsi_releases"] | {name: packages}}
    with contextlib.suppress(yaml.YAMLError):
        if yaml.safe_load(changed) == wanted:
            return changed
    refuse(f"{CATALOGUE} is not written as expected: add the release under jitsi_releases by hand:\n{entry}")


def add(name: str, found: list[JitsiRelease], where: str) -> None:
    """Write a release of the repository into the catalogue."""
    release = next((release for release in found if release.name == name), None)
    if release is None:
        newest = ", ".join(release.name for release in found[:3]) or "none"
        refuse(f"{name} is no release that {where} has (the newest there: {newest}): `make releases` lists all.")
    if release.missing:
        refuse(f"{name} is not complete, {where} lacks its {' and '.join(release.missing)}: add another release.")
    with changing(CATALOGUE.parent):
        text = CATALOGUE.read_text()
        if name in yaml.safe_load(text)["jitsi_releases"]:
            print(f"{name} is in the catalogue already.")
            return
        write_whole(CATALOGUE, with_release(text, name, release.packages))
    print(f"{name} is in the catalogue (jitsi_releases in {CATALOGUE.relative_to(ROOT)}).")
    if name not in tested():
        print(f"The tests do not know it: run it for one customer first, with jitsi_release: {name}.")


def before[T](seconds: float, work: Callable[[], T]) -> T:
    """What work returns or raises; UnavailableError when it takes longer than so many seconds."""
    # A name server that does not answer knows no time-out of ours, hence the thread.
    result: Future[T] = Future()

    def answer() -> None:
        try:
            result.set_result(work())
        except Exception as error:
            result.set_exception(error)

    threading.Thread(target=answer, daemon=True).start()
    try:
        return result.result(timeout=seconds)
    except TimeoutError:
        raise UnavailableError(f"no answer within {seconds} seconds") from None


def check(question: Mapping[str, Any]) -> int:
    """Say whether the repository has the packages; the return code tells apart no (1) and unknown."""
    repository, release = question["repository"], question["release"]
    where = f"{repository['url']} {repository['suite']}"
    try:
        packages = before(DEADLINE, lambda: package_list(repository))
    except UnavailableError as error:
        print(f"Not checked whether {where} has the packages of {release}: {error}.")
        return os.EX_UNAVAILABLE
    except UntrustedError as error:
        print(f"jitsi_repository cannot be used: {error}.")
        return 1
    errors = release_errors(release, question["packages"], packages, where)
    print("\n".join(errors) or f"{where} has the packages of {release}.")
    return 1 if errors else 0


def main(words: list[str]) -> None:
    """Do what the words say."""
    if words == ["--check"]:
        sys.exit(check(json.load(sys.stdin)))
    folder, name = arguments(words)
    repository = repository_of(folder)
    where = f"{repository['url']} {repository['suite']}"
    try:
        packages = package_list(repository)
        found = releases(packages, dates(repository, dated(packages)))
    except (UnavailableError, UntrustedError) as error:
        refuse(f"{where} cannot be read: {error}.")
    if name:
        add(name, found, where)
        return
    print(table(found, defaults() | yaml.safe_load(CATALOGUE.read_text()), versions(packages)))
    print(f"\nFrom {where}; `make releases ADD=RELEASE` writes one into the catalogue.")


def program() -> None:
    """Run with the words of the command line."""
    run(main, refuse)
