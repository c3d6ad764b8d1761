"""Hostile customers' folders: the tables in cases/*.yml, and what needs a program to be made."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from folders import Case, Folder
from hostile_certificates import certificates
from hostile_files import named_files, pictures

TABLES = sorted((Path(__file__).parent / "cases").glob("*.yml"))
SECRET = "h4ndle-w1th-c4re"  # noqa: S105 (no secret: what no sentence may have)
MAIN = "group_vars/jitsi/main.yml"


def _filled(text: str, canary: Path) -> str:
    runs = "{{ lookup('ansible.builtin.pipe', 'touch " + str(canary) + "') }}"
    return text.replace("RUNS", runs).replace("CANARY", str(canary)).replace("HUSH", SECRET)


OF_SETTINGS = ("main.yml", "vault.yml", "accounts.yml")


def _maker(how: str, where: str, text: str) -> Callable[[Folder, Path], object]:
    """choose: a setting in main.yml; file: the whole file; seal: the whole vault."""
    place = f"group_vars/jitsi/{where}" if where in OF_SETTINGS else where
    if how == "choose":
        return lambda folder, canary: folder.choose(_filled(text, canary))
    if how == "seal":
        return lambda folder, canary: folder.seal(_filled(text, canary))
    return lambda folder, canary: folder.write(place, _filled(text, canary))


def tabled() -> Iterator[Case]:
    for file in TABLES:
        content = yaml.safe_load(file.read_text())
        for table in content["tables"]:
            (how,) = {"choose", "file", "seal"} & set(table)
            for text in table[how]:
                yield Case(
                    content["kind"], f"{table['where']}: {text}", table["says"], _maker(how, table["where"], text)
                )


# Links, devices and the like.


def _linked(place: str) -> Callable[[Folder, Path], object]:
    def make(folder: Folder, _canary: Path) -> None:
        path, elsewhere = folder.path / place, folder.path.parent / "elsewhere"
        if path.exists():
            path.rename(elsewhere)
        else:
            elsewhere.write_text(f"jitsi_service_name: {SECRET}\n")
            path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(elsewhere)

    return make


def _link(place: str, target: str) -> Callable[[Folder, Path], object]:
    def make(folder: Folder, _canary: Path) -> None:
        (folder.path / place).unlink(missing_ok=True)
        (folder.path / place).parent.mkdir(parents=True, exist_ok=True)
        (folder.path / place).symlink_to(target)

    return make


def links() -> Iterator[Case]:
    for place in (
        "plan.yml",
        MAIN,
        "group_vars/jitsi/vault.yml",
        "group_vars/jitsi/more.yml",
        "group_vars/jitsi/accounts.yml",
    ):
        yield Case("links", place, "this is a link, which may lead anywhere", _linked(place))
    for place in ("group_vars", "group_vars/jitsi"):
        yield Case("links", place, "this must be a folder, and no link", _linked(place))
    for target in ("/etc/shadow", "/dev/zero", "/proc/self/environ", "nowhere", "more.yml"):
        yield Case("links", f"more.yml to {target}", "this is a link", _link("group_vars/jitsi/more.yml", target))
    yield Case("links", "openstack.yml to /etc/shadow", "this is a link", _link("openstack.yml", "/etc/shadow"))
    yield Case("links", "host_vars", "a customer has settings in group_vars/jitsi alone", _link("host_vars", "/etc"))


def _listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50 * 2**30)


IRREGULAR = {
    "a pipe": (os.mkfifo, "this is no regular file. Fix: put one there"),
    "a socket": (_listening, "this is no regular file. Fix: put one there"),
    "a folder": (Path.mkdir, "this is no regular file. Fix: put one there"),
    "50 GB of nothing": (_huge, "the file has more than 256 kB"),
}
UNSEEN = (b"a\nb.yml", b"more.yml\n", b"\xff\xfe.yml", b"a\x1b[2J.yml", b"\xe2\x80\xaex.yml", b"\xe2\x80\x8b.yml")


def irregular() -> Iterator[Case]:
    for kind, (put, says) in IRREGULAR.items():
        for place in ("plan.yml", "openstack.yml", "group_vars/jitsi/more.yml"):

            def make(folder: Folder, _canary: Path, place: str = place, put: Callable[[Path], object] = put) -> None:
                (folder.path / place).unlink(missing_ok=True)
                put(folder.path / place)

            yield Case("links", f"{place} is {kind}", says, make)


def unseen() -> Iterator[Case]:
    for name in UNSEEN:
        for place in ("", "group_vars", "group_vars/jitsi"):

            def make(folder: Folder, _canary: Path, name: bytes = name, place: str = place) -> None:
                (folder.path / place / os.fsdecode(name)).write_text("jitsi_language: de\n")

            says = "the name has characters that cannot be seen"
            yield Case("links", f"{name!a} in {place or 'the folder'}", says, make)


# Sizes, depths and numbers.


def _written(place: str, text: str | bytes) -> Callable[[Folder, Path], object]:
    return lambda folder, _canary: folder.write(place, text)


# Settings that several rules look at.
LONG = (
    "jitsi_customer",
    "jitsi_domain",
    "jitsi_imprint_url",
    "jitsi_contact_email",
    "cloud_network_cidr",
    "cloud_name",
)


def _chosen(setting: str, text: str) -> Callable[[Folder, Path], object]:
    return lambda folder, _canary: folder.choose(f"{setting}: {json.dumps(text)}")


def sizes() -> Iterator[Case]:
    def case(name: str, says: str, text: str | bytes, place: str = "group_vars/jitsi/more.yml") -> Case:
        return Case("sizes and hangs", name, says, _written(place, text))

    bomb = "".join(f"jitsi_{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    yield case("YAML bomb", "an alias (*) stands for another place", f"jitsi_0: &a0 [x]\n{bomb}")
    for depth in (21, 5000, 100_000):
        yield case(f"{depth} [", "this is nested more than 20 levels deep", "jitsi_x: " + "[" * depth)
    yield case("nested braces", "this is nested more than 20 levels deep", "jitsi_x: " + "{a: " * 5000)
    yield case(
        "nested blocks", "this is nested more than 20 levels deep", "".join(" " * n + f"a{n}:\n" for n in range(400))
    )
    yield case("nested blocks of lists", "this is nested more than 20 levels deep", "- " * 5000)
    yield case("a list of 30,000", "more than 20000 values in the file", "jitsi_x: [" + "1," * 30_000 + "]")
    yield case("20,000 unknown names", "is no setting", "".join(f"x{n}: 1\n" for n in range(9000)))
    yield case("unknown settings", "is not a setting", "".join(f"jitsi_x{n}: 1\n" for n in range(9000)))
    yield case("a megabyte", "the file has more than 256 kB", "#" * 1_000_000)
    yield case("a long value", "the file has more than 256 kB", "jitsi_service_name: " + "x" * 300_000)
    yield case("a long name", "is not a setting", f"? jitsi_{'x' * 100_000}\n: 1\n")
    yield case("a long line of blanks", "is not a setting", "jitsi_x:" + " " * 200_000 + "1")
    yield case("quotes", "this is no YAML", "jitsi_x: " + "'" * 100_001)
    yield case("a number of 100,000 digits", "is no number and no date", "jitsi_x: " + "9" * 100_000)
    yield case("a name of 100,000 digits", "is no number and no date", "? " + "9" * 100_000 + "\n: 1\n")
    yield case("a hexadecimal number", "jitsi_log_retention_days is ", "jitsi_log_retention_days: 0x" + "f" * 900)
    yield case("a sexagesimal number", "is no number and no date", "jitsi_log_retention_days: 1" + ":59" * 20_000)
    yield case("a date", ": write ", "jitsi_service_name: 2026-01-01")
    yield case(
        "5000 moderators", "jitsi_moderators", "jitsi_moderators: [" + ", ".join(f"a{n}" for n in range(5000)) + "]"
    )
    yield case("2000 networks", "jitsi_consent_exempt", "jitsi_consent_exempt: [" + "'x'," * 2000 + "]")
    yield case("5000 plans", "jitsi_plan", "jitsi_plans: {" + ", ".join(f"p{n}: 1" for n in range(5000)) + "}")
    yield case(
        "5000 accounts",
        "jitsi_accounts",
        "jitsi_accounts: {" + ", ".join(f"A{n}: 1" for n in range(5000)) + "}",
        "group_vars/jitsi/accounts.yml",
    )
    yield case("UTF-16", "this is no UTF-8", "jitsi_x: 1\n".encode("utf-16"))
    yield case("Latin-1", "this is no UTF-8", "jitsi_x: é\n".encode("latin-1"))
    for encoding in ("utf-16-le", "utf-16-be", "utf-32", "cp037"):
        yield case(encoding, "this is no UTF-8", "jitsi_x: ü\n".encode(encoding))
    yield case("gzip", "this is no UTF-8", b"\x1f\x8b\x08\0" + b"\0" * 100)
    yield case("binary digits", "is no number and no date", "jitsi_x: 0b" + "1" * 5000)
    yield case("keys of keys", "this is nested more than 20 levels deep", "? " * 3000)
    yield case("tags of tags", "is unknown. Fix: write the value without it", "jitsi_x: " + "!a " * 5000)
    yield case("a long anchor", "is not a setting", "jitsi_x: &" + "a" * 100_000 + " x")
    for text in ("a" * 50_000, "-" * 50_000, "a." * 25_000, "(" * 50_000, "%41" * 15_000, "f:" * 25_000, "\u202e" * 9):
        for setting in LONG:
            yield Case("sizes and hangs", f"{setting} {text[:9]!a}", setting, _chosen(setting, text))
    yield case("half a character", "this is no UTF-8", b"jitsi_x: \xf0\x9f\n")
    yield case("a lone surrogate", "this is no UTF-8", b"jitsi_x: \xed\xa0\x80\n")
    yield case("an escaped surrogate", "this is no YAML", 'jitsi_service_name: "\\ud800"\n')
    yield case("NUL", "this is no YAML", b"jitsi_x: \0\n")
    yield case("300 hosts and one", "more than 300", "jitsi: {hosts: {'a-[1:301]': }}", "plan.yml")
    yield case(
        "many ranges",
        "more than 300",
        "jitsi: {hosts: {" + ", ".join(f"'a{n}-[1:9999]': " for n in range(3000)) + "}}",
        "plan.yml",
    )
    yield case(
        "deep groups", "this is nested more than 20 levels deep", "jitsi: " + "{children: {a: " * 3000, "plan.yml"
    )
    yield case("a megabyte of plan", "the file has more than 256 kB", "#" * 1_000_000, "plan.yml")

    def many(folder: Folder, _canary: Path) -> None:
        for number in range(2000):
            folder.write(f"group_vars/jitsi/{number}.yml", "")

    yield Case("sizes and hangs", "2000 files", "there are more than 50 files", many)


CASES = [*tabled(), *links(), *irregular(), *unseen(), *sizes(), *pictures(), *named_files(), *certificates()]
