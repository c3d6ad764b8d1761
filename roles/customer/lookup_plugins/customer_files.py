"""Lookup customer_files: what stands in which file of the customer's folder."""

from pathlib import Path

import yaml
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = r"""
name: customer_files
short_description: List the variable files of the customer's folder and the names they set
description:
  - Looks beside every inventory source of the run, at C(group_vars), C(host_vars) and the sources themselves.
  - Gives names only, never values.
options: {}
"""

EXAMPLES = r"""
files: "{{ lookup('customer_files') }}"
"""

RETURN = r"""
_list:
  description:
    - A list of files, each with C(path) (relative to the working directory where it lies below it), C(folder) of the
      inventory, C(place), C(encrypted), C(keys) and C(fault).
    - C(fault) is a sentence why the file cannot be read, empty otherwise.
    - C(place) is V(vault) for C(group_vars/jitsi/vault.yml), V(choices) for other files of group C(jitsi), else
      V(elsewhere). C(keys) are the names on the top level, in an inventory source those at any depth.
  type: list
  elements: list
"""

SUFFIXES = {"", ".yml", ".yaml", ".json"}
VAULT_HEADER = b"$ANSIBLE_VAULT"
DEEPEST = 20


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _names(data, deep: bool, depth: int = 0) -> list[str]:
    """Text keys of data, at any depth when deep."""
    if depth > DEEPEST or not isinstance(data, dict):
        return []
    inner = [name for value in data.values() for name in _names(value, deep, depth + 1)] if deep else []
    return [str(key) for key in data if isinstance(key, str)] + inner


def _files(folder: Path) -> list[Path]:
    """Files below folder that Ansible would read variables from."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in SUFFIXES and not path.name.startswith(".")
    )


class LookupModule(LookupBase):
    """Reads the files Ansible itself has read, for the names in them."""

    def run(self, terms, variables=None, **kwargs):
        found = {}
        for source in map(Path, variables.get("ansible_inventory_sources", [])):
            if source.exists():
                folder = source if source.is_dir() else source.parent
                sources = [p for p in folder.iterdir() if p.is_file()] if source.is_dir() else [source]
                for path in sorted(sources):
                    if path.suffix in SUFFIXES - {""}:
                        found[path] = self._entry(path, folder, "elsewhere", deep=True)
                for path in _files(folder / "group_vars") + _files(folder / "host_vars"):
                    found[path] = self._entry(path, folder, _place(path.relative_to(folder)), deep=False)
        return [list(found.values())]

    def _entry(self, path: Path, folder: Path, place: str, deep: bool) -> dict:
        with path.open("rb") as file:
            encrypted = file.read(len(VAULT_HEADER)) == VAULT_HEADER
        data, fault = {}, ""
        try:
            data = self._loader.load_from_file(str(path))
            if place != "elsewhere" and not isinstance(data, (dict, type(None))):
                fault = "it is no mapping of names to values"
        except AnsibleError as error:
            fault = str(error).splitlines()[0].rstrip(".") + ("" if encrypted else _position(path))
        return {
            "path": _shown(path),
            "folder": _shown(folder),
            "place": place,
            "encrypted": encrypted,
            "keys": list(dict.fromkeys(_names(data, deep))),
            "fault": f"{_shown(path)} cannot be read ({fault}): mend this file." if fault else "",
        }


def _position(path: Path) -> str:
    """Where YAML stops making sense in path, as far as its parser can tell."""
    try:
        yaml.compose(path.read_bytes(), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        return f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
    except (yaml.YAMLError, ValueError):
        return ""
    return ""


def _place(path: Path) -> str:
    if path.parts[:2] == ("group_vars", "jitsi") or path.with_suffix("") == Path("group_vars/jitsi"):
        return "vault" if path == Path("group_vars/jitsi/vault.yml") else "choices"
    return "elsewhere"
