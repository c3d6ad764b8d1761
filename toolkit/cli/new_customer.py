"""Scaffold a customer's folder: plan, settings, and a fresh seed in an encrypted vault.

usage: new-customer NAME=acme DOMAIN=meet.acme.example PLAN=team CLOUD=mycloud [DIR=path] [SETTING=value ...]

  DIR      where the folder goes, default inventories/NAME; it may lie outside the checkout
  REGION   region the data may live in            EMAIL    address of the person in charge
  IMPRINT  address of the imprint                 PRIVACY  address of the privacy notice
  IMAGE    the cloud's image                      NETWORK  the cloud's external network
  FLAVOR_MEET, FLAVOR_VIDEOBRIDGE, FLAVOR_TURN    names of the cloud's flavors
  MODERATORS  login names, separated by commas

What is not given stands in main.yml as a comment, and `make validate` asks for it.
"""

import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import yaml

from toolkit.cli.program import ROOT, run
from toolkit.customer_folder import TEMPLATE
from toolkit.plan.names import planned_hosts
from toolkit.settings.documents import EDITOR
from toolkit.settings.schema import defaults, whole
from toolkit.settings.setting_errors import setting_errors

REQUIRED = ("NAME", "DOMAIN", "PLAN", "CLOUD")
# argument -> the setting it makes, and an example of what to write when it is not given
ARGUMENTS = {
    "NAME": ("jitsi_customer", "acme"),
    "DOMAIN": ("jitsi_domain", "meet.acme.example"),
    "PLAN": ("jitsi_plan", "team"),
    "EMAIL": ("jitsi_contact_email", "it@acme.example"),
    "IMPRINT": ("jitsi_imprint_url", "https://www.acme.example/imprint"),
    "PRIVACY": ("jitsi_privacy_url", "https://www.acme.example/privacy"),
    "MODERATORS": ("jitsi_moderators", "[anna, bernd]"),
    "CLOUD": ("cloud_name", "mycloud"),
    "REGION": ("cloud_regions_allowed", "[RegionOne]"),
    "IMAGE": ("cloud_image", "debian-13"),
    "NETWORK": ("cloud_external_network", "public"),
}
FLAVORS = {"FLAVOR_MEET": "meet", "FLAVOR_VIDEOBRIDGE": "videobridge", "FLAVOR_TURN": "turn"}
LISTS = {"MODERATORS", "REGION"}


def refuse(sentence: str) -> NoReturn:
    """End the program with the sentence."""
    sys.exit(f"new-customer: {sentence}")


def arguments(words: list[str]) -> dict[str, str]:
    """KEY=VALUE words as a mapping."""
    if not words or words[0] in ("-h", "--help"):
        print(str(__doc__).strip())
        sys.exit(0 if words else 2)
    known = [*ARGUMENTS, *FLAVORS, "DIR"]
    given = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in known:
            refuse(f"{word} is no argument: write KEY=VALUE with a key of {', '.join(known)}.")
        if template := TEMPLATE.search(value):
            refuse(f"{key} has {template[0]}, which Ansible would evaluate: write a plain value.")
        given[key] = value
    missing = [key for key in REQUIRED if not given.get(key)]
    if missing:
        refuse(f"{' and '.join(missing)} missing: write NAME=acme DOMAIN=meet.acme.example PLAN=team CLOUD=mycloud.")
    return given


def settings_of(given: dict[str, str]) -> dict[str, Any]:
    """The settings the arguments make."""
    settings: dict[str, Any] = {}
    for key, (setting, _) in ARGUMENTS.items():
        if key in given:
            settings[setting] = [part.strip() for part in given[key].split(",")] if key in LISTS else given[key]
    flavors = {kind: given[key] for key, kind in FLAVORS.items() if key in given}
    return settings | ({"cloud_flavors": flavors} if flavors else {})


def line(key: str, value: object) -> str:
    """A setting as one line of YAML."""
    inline = yaml.safe_dump([value], default_flow_style=True, width=1000).strip()[1:-1]
    return f"{key}: {inline}\n"


def main_yml(settings: dict[str, Any], folder: Path) -> str:
    """The settings file: what was given as lines, what was not as comments that say what to write."""
    parts = [
        # For editors that know YAML's language server.
        f"# yaml-language-server: $schema={os.path.relpath(EDITOR, folder)}\n"
        "---\n"
        f"# What {settings['jitsi_customer']} chose. Everything else has its default: docs/settings.md lists all "
        "settings.\n"
        "# A line that begins with # is still to be filled in: remove the # and write the customer's own value.\n"
    ]
    examples = dict(ARGUMENTS.values())
    examples["cloud_flavors"] = "{meet: m1.medium, videobridge: m1.large, turn: m1.small}"
    for name in [n for n in whole()["properties"] if n in examples]:
        if name == "cloud_name":
            parts.append("\n")
        if name in settings:
            parts.append(line(name, settings[name]))
        elif not defaults().get(name):
            parts.append(f"# {name}: {examples[name]}\n")
    return "".join(parts)


def plan_yml(customer: str, plan: str, machines: dict[str, int]) -> str:
    """The plan: as many hosts per group as the plan promises at least."""
    lines = [
        "---\n",
        f'# What {customer} has: plan "{plan}". The number of hosts is the number of servers.\n',
        "# For up to about 25 people one machine can carry all three groups: write the same host in each.\n",
        "jitsi:\n  children:\n",
    ]
    for group, count in machines.items():
        name = planned_hosts(group, customer, count)
        key = f'"{name}"' if "[" in name else name  # YAML would take the bracket of a range for a list
        lines.append(f"    {group}: {{hosts: {{{key}: }}}}\n")
    return "".join(lines)


def openstack_yml(customer: str, cloud: str) -> str:
    """The example's source of addresses, for this customer's cloud."""
    example = (ROOT / "inventories/example-small/openstack.yml").read_text()
    return re.sub(r"\blab\b", cloud, example.replace("example-small", customer))


def vault(path: Path) -> None:
    """Write a fresh seed to path, encrypted on its way: never in clear on the disk or a command line."""
    content = f"---\njitsi_seed: {secrets.token_urlsafe(48)}\n"
    command = [str(Path(sys.executable).with_name("ansible-vault")), "encrypt", "--output", str(path), "-"]
    done = subprocess.run(command, input=content, text=True, capture_output=True, cwd=ROOT, check=False)
    if done.returncode or not path.read_text().startswith("$ANSIBLE_VAULT"):
        refuse(f"the vault could not be encrypted: {(done.stderr.strip().splitlines() or ['no message'])[0]}")


def scaffold(given: dict[str, str]) -> Path:
    """Build the folder under a temporary name and give it its own in one step."""
    settings = settings_of(given)
    catalog = yaml.safe_load((ROOT / "group_vars/all/catalog.yml").read_text())
    errors = [error for error in setting_errors(defaults() | catalog | settings) if " is missing: " not in error]
    if errors:
        refuse("\n  ".join(errors))
    name = settings["jitsi_customer"]
    folder = Path(given["DIR"]).absolute() if given.get("DIR") else ROOT / "inventories" / name
    if folder.exists():
        refuse(f"{folder} exists: choose another NAME or DIR, or remove it.")
    if not folder.parent.is_dir():
        refuse(f"{folder.parent} is no folder: run mkdir -p {shlex.quote(str(folder.parent))}.")
    draft = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder.parent))
    try:
        settings_folder = draft / "group_vars" / "jitsi"
        settings_folder.mkdir(parents=True)
        plan = settings["jitsi_plan"]
        (draft / "plan.yml").write_text(plan_yml(name, plan, catalog["jitsi_plans"][plan]["machines"]))
        (draft / "openstack.yml").write_text(openstack_yml(name, settings["cloud_name"]))
        (draft / ".gitignore").write_text("# what a run leaves on the operator's machine\n/state/\n")
        (settings_folder / "main.yml").write_text(main_yml(settings, folder / "group_vars/jitsi"))
        vault(settings_folder / "vault.yml")
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def main(words: list[str]) -> None:
    """Scaffold what the words say, and print what comes next."""
    made = scaffold(arguments(words))
    shown = os.path.relpath(made) if made.is_relative_to(Path.cwd()) else made
    customer = shlex.quote(f"CUSTOMER={made.name if made.parent == ROOT / 'inventories' else made}")
    print(f"{shown} is made. Next: fill in {shown}/group_vars/jitsi/main.yml, then make validate {customer}")


def program() -> None:
    """Run with the words of the command line."""
    run(main, refuse)
