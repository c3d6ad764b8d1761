"""A customer's folder, judged as data before Ansible reads a byte of it.

Ansible takes plan.yml and openstack.yml from there as inventories, group_vars and host_vars as variables. The folder
may say which hosts there are and what was chosen. It may not bring variables of the toolkit's or of Ansible's own,
templates (which Ansible would run on the operator's machine), or links.
"""

import contextlib
import difflib
import hashlib
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from .settings.schema import renamed, whole
from .yaml_data import Error, NotDataError, document, is_empty, plain, read, shown, texts

PLAN, CLOUD, SETTINGS = "plan.yml", "openstack.yml", Path("group_vars/jitsi")
OWN_CLOUD = Path(__file__).parents[1] / "inventories/example-small/openstack.yml"
PREFIXES = ("jitsi_", "cloud_")
MOST_FILES = 50
MOST_HOSTS = 300  # 100 bridges, 20 relays, and as many recorders and gateways
TEMPLATE = re.compile(r"\{[{%#]")
PATH_BEGINS = re.compile(r"\A\{\{ *(inventory_dir|jitsi_state_dir) *\}\}(?=/|$)")
HOST = re.compile(r"[A-Za-z0-9._-]{1,80}(?:\[(\d{1,4}):(\d{1,4})\])?[A-Za-z0-9._-]{0,80}", re.ASCII)
VAULT = b"$ANSIBLE_VAULT"
LISTED = 20  # errors; more of them help nobody

type Decrypt = Callable[[bytes], bytes]


def is_customer_folder(folder: Path) -> bool:
    """Whether there is something that Ansible would take for a customer's, a dangling link, too."""
    return any(os.path.lexists(folder / name) for name in (PLAN, CLOUD))


def fingerprint(folder: Path) -> str:
    """SHA-256 over the names and contents of what is judged. A file that cannot be read counts as empty."""
    judged = hashlib.sha256()
    for file in [folder / PLAN, folder / CLOUD, *_files_of_settings(folder)]:
        content = b""
        with contextlib.suppress(NotDataError, OSError):
            content = read(file)
        judged.update(f"{file} {len(content)} ".encode() + content)
    return judged.hexdigest()


def errors(folder: Path, decrypt: Decrypt | None = None) -> list[Error]:
    """What is wrong with the folder, the first LISTED errors. Without decrypt what is encrypted is not looked into.

    decrypt raises ValueError where the password is another one; that is said where the vault is needed.
    """
    return list(itertools.islice(_all_errors(folder, decrypt), LISTED))


def _all_errors(folder: Path, decrypt: Decrypt | None) -> Iterator[Error]:
    misplaced = list(_misplaced(folder))
    yield from misplaced
    if misplaced:  # what is read below is regular files where they belong
        return
    settings = _files_of_settings(folder)
    for file in settings:
        yield from _of_file(file, lambda content: _settings(content, decrypt))
    yield from _of_file(folder / PLAN, _plan)
    if (folder / CLOUD).exists():
        chosen = _chosen(settings)
        yield from _of_file(folder / CLOUD, lambda content: _cloud(content, chosen))


def _files_of_settings(folder: Path) -> list[Path]:
    return sorted((folder / SETTINGS).glob("*.yml"))


# Where files may be.


def _misplaced(folder: Path) -> Iterator[Error]:
    places = (folder, folder / "group_vars", folder / SETTINGS)
    unseen = [entry for place in places for entry in _entries(place) if not entry.name.isprintable()]
    for entry in unseen:
        yield Error(str(entry), 0, "the name has characters that cannot be seen. Fix: rename it, or delete it.")
    if unseen:
        return
    for name in (PLAN, CLOUD):
        yield from _irregular(folder / name)
    for file in sorted(folder.glob("*.yml")):
        if file.name not in (PLAN, CLOUD):
            yield Error(str(file), 0, "Ansible would read hosts from it. Fix: move it into a folder, or delete it.")
    for name in ("host_vars", "host_vars.yml", "host_vars.yaml", "host_vars.json"):
        if (folder / name).exists() or (folder / name).is_symlink():
            yield Error(str(folder / name), 0, _NOWHERE_ELSE)
    yield from _in_group_vars(folder)


_NOWHERE_ELSE = (
    "a customer has settings in group_vars/jitsi alone. Fix: move them to group_vars/jitsi/main.yml, secrets to "
    "group_vars/jitsi/vault.yml, and delete this."
)


def _in_group_vars(folder: Path) -> Iterator[Error]:
    for place in (folder / "group_vars", folder / SETTINGS):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            yield Error(str(place), 0, "this must be a folder, and no link. Fix: put a folder in its place.")
            return
    for entry in _entries(folder / "group_vars"):
        if entry.name != SETTINGS.name:
            yield Error(str(entry), 0, _NOWHERE_ELSE)
    entries = _entries(folder / SETTINGS)
    if len(entries) > MOST_FILES:
        yield Error(str(folder / SETTINGS), 0, f"there are more than {MOST_FILES} files. Fix: put settings together.")
    for entry in entries[:MOST_FILES]:
        if entry.suffix != ".yml" and not entry.is_dir():
            yield Error(str(entry), 0, "a file of settings is called NAME.yml. Fix: rename it, or move it elsewhere.")
        yield from _irregular(entry)


def _entries(place: Path) -> list[Path]:
    """What Ansible looks at: no hidden files, no backups of editors."""
    found = place.iterdir() if place.is_dir() else ()
    return sorted(entry for entry in found if not entry.name.startswith(".") and not entry.name.endswith("~"))


def _irregular(path: Path) -> Iterator[Error]:
    """The error of a path that is there and no regular file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        yield Error(str(path), 0, "this is a link, which may lead anywhere. Fix: put the file itself there.")
    elif not stat.S_ISREG(mode):
        yield Error(str(path), 0, "this is no regular file. Fix: put one there.")


# What may stand in them.


def _of_file(path: Path, judge: Callable[[bytes], Iterator[tuple[int, str]]]) -> Iterator[Error]:
    """The errors of a file's content, each with where it is."""
    try:
        for line, text in judge(read(path)):
            yield Error(str(path), line, text)
    except NotDataError as error:
        yield Error(str(path), error.line, str(error))
    except OSError as error:
        yield Error(str(path), 0, f"the file cannot be read ({error.strerror}). Fix: chmod u+r it.")


def _settings(content: bytes, decrypt: Decrypt | None) -> Iterator[tuple[int, str]]:
    if content.startswith(VAULT):
        if decrypt is None:
            return
        try:
            content = decrypt(content)
        except ValueError:
            return
    node = document(content)
    if node is not None and not isinstance(node, yaml.MappingNode):
        yield 1, "this is no mapping of names to values. Fix: write NAME: VALUE."
        return
    for text in texts(node):
        name = ".".join(map(shown, text.path))
        if text.is_name and len(text.path) == 1 and not text.text.startswith(PREFIXES):
            # What was pasted in place of a name may be a secret.
            plain_name = name if re.fullmatch("[a-z][a-z0-9_]{0,40}", name) else "this"
            yield text.line, f"{plain_name} is no setting. Fix: {_near(text.text)}"
        elif text.is_name and len(text.path) == 1 and renamed(text.text):
            yield text.line, f"{name} is now {renamed(text.text)}. Fix: rename it."
        elif text.tag == "!vault":
            yield from _sealed(text.text.encode(), text.line, name, decrypt)
        elif TEMPLATE.search(text.text if text.is_name else PATH_BEGINS.sub("", text.text)):
            yield text.line, _evaluated(name)


def _sealed(content: bytes, line: int, name: str, decrypt: Decrypt | None) -> Iterator[tuple[int, str]]:
    """A single value that is encrypted."""
    try:
        value = decrypt(content) if decrypt else b""
    except ValueError:
        return
    if TEMPLATE.search(value.decode(errors="replace")):
        yield line, _evaluated(name)


def _near(name: str) -> str:
    """What may have been meant."""
    near = difflib.get_close_matches(name, whole()["properties"], 1, 0.6)
    return f"write {near[0]}." if near else "docs/settings.md lists all there are."


def _evaluated(name: str) -> str:
    return (
        f"{name} has {{{{, {{% or {{#, which Ansible would evaluate. Fix: write a plain value; a path may begin with "
        "{{ inventory_dir }}/ or {{ jitsi_state_dir }}/."
    )


def _plan(content: bytes) -> Iterator[tuple[int, str]]:
    """Groups and hosts alone."""
    node = document(content)
    list(texts(node))  # names are texts, and none stands twice
    if is_empty(node):
        yield 0, "there is no group in it. Fix: write groups and hosts, as inventories/example-small/plan.yml has them."
    yield from _planned(node)


def _planned(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    hosts = 0
    for line, name, group in _groups(node):
        if not isinstance(group, yaml.MappingNode):
            if not is_empty(group):
                yield line, f"{shown(name)} is no group. Fix: write {{hosts: {{NAME: }}}}."
            continue
        for key, value in group.value:
            at = key.start_mark.line + 1
            if key.value == "hosts":
                for number, error in _hosts(value):
                    hosts += number
                    if error:
                        yield error
            elif key.value != "children":
                yield (
                    at,
                    f"group {shown(name)} has {shown(key.value)}, and may have hosts and children. Fix: {_MOVE}",
                )
    if hosts > MOST_HOSTS:
        yield 0, f"there are {hosts} hosts, more than {MOST_HOSTS}. Fix: write as many as the customer has."


_MOVE = "settings belong in group_vars/jitsi/main.yml, nothing else is needed."


def _groups(node: yaml.Node | None) -> Iterator[tuple[int, str, yaml.Node]]:
    """Line, name and content of every group at any depth."""
    for name, group in node.value if isinstance(node, yaml.MappingNode) else ():
        yield name.start_mark.line + 1, name.value, group
        for key, value in group.value if isinstance(group, yaml.MappingNode) else ():
            if key.value == "children":
                yield from _groups(value)


def _hosts(node: yaml.Node) -> Iterator[tuple[int, tuple[int, str] | None]]:
    """For each line of hosts their number, and what is wrong with it."""
    for name, variables in node.value if isinstance(node, yaml.MappingNode) else ():
        line, match = name.start_mark.line + 1, HOST.fullmatch(name.value)
        if not match:
            yield 1, (line, f"{shown(name.value)} is no name of a host. Fix: write NAME, or NAME-[1:4] for four.")
            continue
        if not is_empty(variables):
            yield 1, (line, f"{shown(name.value)} has variables, and a plan has names of hosts alone. Fix: {_MOVE}")
        first, last = (int(part or 0) for part in match.groups())
        yield max(last - first, 0) + 1, None


def _cloud(content: bytes, chosen: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """The toolkit's own file, but for the names of the cloud and of the customer, which are the chosen ones."""
    node = document(content)
    list(texts(node))
    given, own = plain(node), plain(document(read(OWN_CLOUD)))
    match given:
        case {"only_clouds": [str(cloud)], "server_filters": {"metadata": {"customer": str(customer)}}}:
            own |= {"only_clouds": [cloud], "server_filters": {"metadata": {"customer": customer}}}
        case _:
            yield 0, f"only_clouds or server_filters does not name one cloud or one customer. Fix: {_COPY}"
            return
    if given != own or TEMPLATE.search(cloud + customer):
        yield 0, f"what is asked of the cloud is not what this toolkit asks. Fix: {_COPY}"
    for name, value in (("cloud_name", cloud), ("jitsi_customer", customer)):
        if chosen.get(name, value) != value:
            yield 0, f"{shown(value)} is asked for, and {name} is another. Fix: write the same in both."


_COPY = (
    "copy inventories/example-small/openstack.yml, and write the customer's cloud_name and jitsi_customer where the "
    "comments say so."
)


def _chosen(files: list[Path]) -> dict[str, Any]:
    """What stands in these files, as far as they can be read; a later one wins."""
    chosen: dict[str, Any] = {}
    for file in files:
        with contextlib.suppress(NotDataError, OSError):
            found = plain(document(read(file)))
            chosen |= found if isinstance(found, dict) else {}
    return chosen
