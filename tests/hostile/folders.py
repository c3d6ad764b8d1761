"""A customer's folder, judged in this process as make validate judges it: the loader, then the role's own expression.

What the loader lets pass is evaluated by Ansible, as in a run: a template that gets that far does what it says.
"""

import importlib.util
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.plugins.inventory.yaml import InventoryModule
from ansible.template import Templar
from contract import DEFAULTS, PLAN, SEED, SETTINGS
from jinja2.nativetypes import NativeEnvironment

from filter_plugins.toolkit import FilterModule
from toolkit.customer_folder import errors
from toolkit.settings.schema import secrets

ROOT = Path(__file__).parents[2]
ROLE = yaml.safe_load((ROOT / "roles/customer/vars/main.yml").read_text())
COLORS = yaml.safe_load((ROOT / "group_vars/all/settings.yml").read_text())
VAULT = VaultLib([("default", VaultSecret(b"the operator's"))])
PUBLIC = ["meet.acme.example", "turn-1.meet.acme.example"]
SECONDS = 5  # of this process; a busy machine is no hang


class HangError(BaseException):
    """No answer in time. No handler for exceptions catches it."""


@contextmanager
def in_time() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def lookup_of(name: str) -> type:
    file = ROOT / f"roles/customer/lookup_plugins/{name}.py"
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LookupModule


FILES, VALUES = lookup_of("customer_files"), lookup_of("customer_settings")


class Folder:
    """A tidy customer's folder, whose files a case changes."""

    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        self.path = Path(tempfile.mkdtemp()) / "acme"
        chosen = SETTINGS | (settings or {})
        clear = {name: value for name, value in chosen.items() if name not in secrets()}
        plan = {
            "jitsi": {
                "children": {group: {"hosts": dict.fromkeys(PLAN[group])} for group in ("meet", "videobridges", "turn")}
            }
        }
        self.write("plan.yml", yaml.safe_dump(plan))
        self.write("group_vars/jitsi/main.yml", yaml.safe_dump(clear))
        self.seal({name: value for name, value in chosen.items() if name in secrets()} | {"jitsi_seed": SEED})

    def write(self, name: str, content: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def add(self, name: str, content: str) -> None:
        """Behind what is there."""
        file = self.path / name
        self.write(name, (file.read_text() if file.exists() else "") + content)

    def choose(self, text: str) -> None:
        """A setting, as YAML, in place of the one of this name."""
        name = text.partition(":")[0]
        main = self.path / "group_vars/jitsi/main.yml"
        kept = {key: value for key, value in yaml.safe_load(main.read_text()).items() if key != name}
        self.write("group_vars/jitsi/main.yml", yaml.safe_dump(kept) + text + "\n")

    def seal(self, settings: dict[str, Any] | str) -> None:
        text = settings if isinstance(settings, str) else yaml.safe_dump(settings)
        self.write("group_vars/jitsi/vault.yml", VAULT.encrypt(text.encode()))

    def remove(self) -> None:
        shutil.rmtree(self.path.parent)

    def said(self) -> list[str]:
        """All sentences of make validate."""
        return [str(error) for error in errors(self.path, self._decrypt)] or self._by_the_role()

    def _decrypt(self, content: bytes) -> bytes:
        try:
            return VAULT.decrypt(content)
        except AnsibleError as error:
            raise ValueError from error

    def _by_the_role(self) -> list[str]:
        loader = DataLoader()
        loader.set_vault_secrets(VAULT.secrets)
        known = DEFAULTS | {"inventory_dir": str(self.path), "ansible_inventory_sources": [str(self.path / "plan.yml")]}
        files = FILES(loader=loader, templar=None).run([], known)[0]
        if unreadable := [file["error"] for file in files if file["error"]]:
            return unreadable
        for file in files:
            known |= loader.load_from_file(file["path"], cache="none", trusted_as_template=True) or {}
        inventory = InventoryData()
        InventoryModule().parse(inventory, loader, str(self.path / "plan.yml"))
        inventory.reconcile_inventory()
        settings = VALUES(loader=loader, templar=Templar(loader, variables=known)).run([], known)[0]
        return self._judged(settings, files, inventory.get_groups_dict())

    def _judged(self, settings: dict[str, Any], files: list[Any], groups: dict[str, Any]) -> list[str]:
        """What the role's expression makes of it, and the certificate's preflight where mode files is chosen."""
        environment = NativeEnvironment()
        environment.filters |= FilterModule().filters()
        known = {
            "groups": groups,
            "inventory_dir": str(self.path),
            "default_colors": COLORS,
            "customer_needs_access": False,  # to a cloud
            "lookup": lambda _: files,
            "__customer_settings": settings,
            "__customer_groups": ROLE["__customer_groups"],
        }
        found = environment.from_string(ROLE["__customer_errors"]).render(known)
        chosen = settings["values"].get("jitsi_certificate")
        if found or not isinstance(chosen, dict) or chosen.get("mode") != "files":
            return found
        functions = FilterModule().filters()
        names = [functions["in_folder"](chosen[key], str(self.path)) for key in ("certificate_file", "key_file")]
        return functions["certificate_errors"](*names, PUBLIC)


@dataclass(frozen=True)
class Case:
    """A tidy folder with one thing wrong. make: what is done to it; says: what one of its sentences has."""

    kind: str
    name: str
    says: str
    make: Callable[[Folder, Path], object]
