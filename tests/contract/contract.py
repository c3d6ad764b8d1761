"""The settings as the role judges them, and a customer that has no error."""

import copy
import json
import os
import subprocess
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from toolkit.machines import KINDS
from toolkit.plan.topology_errors import topology_errors
from toolkit.relations.moderation_errors import moderation_errors
from toolkit.relations.recording_errors import recording_errors
from toolkit.relations.trunk_errors import trunk_errors
from toolkit.settings.schema import defaults, secrets, whole
from toolkit.settings.setting_errors import setting_errors
from toolkit.settings.wording import at, expected

ROOT = Path(__file__).parent.parent.parent
DEFAULTS = defaults() | yaml.safe_load((ROOT / "group_vars/all/catalog.yml").read_text())
SCHEMA = whole()
NAMES = list(SCHEMA["properties"])
GROUPS = [kind.group for kind in KINDS]
SEED = "a-seed-of-more-than-thirty-two-characters"

# A cloud that does not answer.
AWAY = {
    "region_name": "RegionOne",
    "auth": {"auth_url": "http://127.0.0.1:9/v3", "username": "x", "password": "x", "project_name": "x"},
}

SETTINGS = {
    "jitsi_customer": "acme",
    "jitsi_domain": "meet.acme.example",
    "jitsi_plan": "office",
    "jitsi_moderators": ["anna", "bernd"],
    "jitsi_contact_email": "it@acme.example",
    "jitsi_imprint_url": "https://www.acme.example/imprint",
    "jitsi_privacy_url": "https://www.acme.example/privacy",
    "jitsi_seed": SEED,
    "cloud_name": "mycloud",
    "cloud_regions_allowed": ["RegionOne"],
    "cloud_flavors": {"meet": "m1.medium", "videobridge": "m1.large", "turn": "m1.small"},
}
PLAN = {
    "all": ["acme-meet", "acme-jvb-1", "acme-jvb-2", "acme-turn-1"],
    "ungrouped": [],
    "jitsi": ["acme-meet", "acme-jvb-1", "acme-jvb-2", "acme-turn-1"],
    "meet": ["acme-meet"],
    "videobridges": ["acme-jvb-1", "acme-jvb-2"],
    "turn": ["acme-turn-1"],
}


def judge(settings, groups=None):
    """All errors of settings on top of the defaults, and of groups."""
    merged = {**copy.deepcopy(DEFAULTS), **settings}
    errors = setting_errors(merged) + topology_errors(groups or PLAN, merged, GROUPS)
    return errors + moderation_errors(merged) + recording_errors(merged) + trunk_errors(merged)


def fix(path):
    """What the schema says to write at path (a.b)."""
    return expected(at(SCHEMA, path.split(".")))


def operator_of(home: Path) -> Path:
    """Where the operator of the customers in home has keys and clouds.yaml: beside it, for tests look into home."""
    return home.with_name(f"{home.name}-operator")


def environment(home: Path) -> dict:
    """An operator with vault password, key pair and clouds, none of them real. Jitsi's repository is out of reach."""
    for name, content in {
        ".ssh/id_ed25519": "a private key\n",
        ".ssh/id_ed25519.pub": "ssh-ed25519 AAAA acme\n",
        ".config/openstack/clouds.yaml": json.dumps({"clouds": {"mycloud": AWAY, "lab": AWAY}}),
    }.items():
        file = operator_of(home) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    own = {"HOME": str(operator_of(home)), "JITSI_VAULT_PASSWORD_FILE": str(home / "vault-password")}
    return os.environ | {"https_proxy": "http://127.0.0.1:9", "ANSIBLE_NOCOLOR": "1"} | own


def write_customer(folder: Path, settings=None, plan=None) -> Path:
    """A customer's folder as an operator has it, secrets in the vault; settings may be text for what is no YAML."""
    settings = SETTINGS if settings is None else settings
    jitsi = folder / "group_vars" / "jitsi"
    jitsi.mkdir(parents=True)
    vault = {"jitsi_seed": SEED}
    clear = settings
    if isinstance(settings, dict):
        vault |= {k: v for k, v in settings.items() if k in secrets()}
        clear = {k: v for k, v in settings.items() if k not in secrets()}
    (jitsi / "main.yml").write_text(clear if isinstance(clear, str) else yaml.safe_dump(clear, allow_unicode=True))
    plan = plan or {"jitsi": {"children": {g: {"hosts": dict.fromkeys(PLAN[g])} for g in GROUPS if g in PLAN}}}
    (folder / "plan.yml").write_text(plan if isinstance(plan, str) else yaml.safe_dump(plan))
    (jitsi / "vault.yml").write_bytes(sealed(yaml.safe_dump(vault), folder.parent))
    return folder


def sealed(text: str, home: Path) -> bytes:
    """What ansible-vault makes of the text, with the operator's password, without a start of Ansible."""
    asked = subprocess.run([ROOT / "scripts/vault-password"], env=environment(home), check=True, capture_output=True)
    return VaultLib([("default", VaultSecret(asked.stdout))]).encrypt(text)


def play(
    folder: Path, playbook: str, *arguments: str, home: Path | None = None, **more: str
) -> subprocess.CompletedProcess:
    """Run a playbook as an operator would, without a cloud or a host within reach; more is for the environment."""
    return subprocess.run(
        ["ansible-playbook", "-i", str(folder / "plan.yml"), f"playbooks/{playbook}.yml", *arguments],
        text=True,
        cwd=ROOT,
        env=environment(home or folder.parent) | more,
        capture_output=True,
        check=False,
        timeout=300,
    )


def snapshot(folder: Path) -> dict:
    """Every file below folder with its content and time of change."""
    return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(folder.rglob("*")) if p.is_file()}
