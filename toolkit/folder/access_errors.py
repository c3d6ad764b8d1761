"""What this machine lacks to reach the customer's cloud and servers, one sentence per error."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from toolkit.files import content, is_within
from toolkit.folder.in_folder import local_path
from toolkit.sentences import name_of
from toolkit.shapes import Settings


def unreadable(file: Path) -> str:
    """Why file cannot be read, or nothing."""
    try:
        return "" if content(file).strip() else "it is empty"
    except OSError as error:
        return str(error.strerror)


def is_in_agent(public_key: str) -> bool:
    """Tell whether the operator's SSH agent has the private half."""
    try:
        done = subprocess.run(["ssh-add", "-L"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return False
    return public_key.split()[:2] in [line.split()[:2] for line in done.stdout.splitlines()]


def key_errors(key: str, folder: str) -> list[str]:
    """Return what the key pair of that name lacks."""
    private, public = (Path(local_path(name, folder)) for name in (key, f"{key}.pub"))
    reasons = {str(file): reason for file in (private, public) if (reason := unreadable(file))}
    if list(reasons) == [str(private)] and is_in_agent(content(public).decode(errors="replace")):
        return []
    if not reasons:
        return []
    fix = f"make the pair with ssh-keygen -t ed25519 -f {private}"
    if list(reasons) == [str(public)]:
        fix = f"make it with ssh-keygen -y -f {private} > {public}"
    elif str(public) not in reasons:
        fix = "bring that key back or load it into the SSH agent"
    said = " and ".join(f"{file} ({reason})" for file, reason in reasons.items())
    return [f"cloud_ssh_private_key_file is {key} and {said} cannot be read: {fix}, or write where another pair is."]


def state_folder_errors(state: str, folder: str, customer: object) -> list[str]:
    """Return why runs must not keep their files there: in ~/.ssh make destroy would remove the operator's host keys."""
    path = Path(local_path(state, folder))
    if is_within(path, Path(folder)) or path.name == customer:
        return []
    return [
        f"jitsi_state_dir {state} may be somebody else's folder: write one in the customer's folder, or one that is "
        f"called {name_of(customer)}."
    ]


def cloud_errors(cloud: str, folder: str) -> list[str]:
    """Return why openstacksdk would not find the cloud."""
    # Ansible loads every filter in each of its processes, openstacksdk only where it has to.
    from openstack.config import loader
    from openstack.exceptions import ConfigException

    given = os.environ.get("OS_CLIENT_CONFIG_FILE", "")
    there = [file for file in [given, *loader.CONFIG_FILES] if file and Path(file).exists()]
    own = f"{folder}/clouds.yaml"
    if not there:
        return [
            f"cloud_name is {cloud} and there is no clouds.yaml: write the cloud's credentials as entry {cloud} of "
            f"{own} (for make) or ~/.config/openstack/clouds.yaml."
        ]
    try:
        config = loader.OpenStackConfig()
        found = config.config_filename
    except (ConfigException, AttributeError, TypeError):  # the latter for clouds that are no mapping
        found = None
    if found != there[0]:
        return [
            f"{there[0]} cannot be read: write YAML with a mapping of clouds, or remove it for another clouds.yaml."
        ]
    names = [name for name in config.get_cloud_names() if name != "defaults"]  # which stands for a file without any
    if cloud in names:
        return []
    return [
        f"cloud_name is {cloud} and {found} has no such entry (it has {', '.join(map(str, names)) or 'none'}): write "
        "the cloud's credentials there under this name, or another cloud_name."
    ]


def access_errors(settings: Settings, folder: str) -> list[str]:
    """Return what this machine lacks, one sentence each."""

    def judged(name: str, judge: Callable[[str, str], list[str]]) -> list[str]:
        value = settings.get(name)
        return judge(value, folder) if isinstance(value, str) and value != "" and value.isprintable() else []

    def state_errors(state: str, folder: str) -> list[str]:
        return state_folder_errors(state, folder, settings.get("jitsi_customer"))

    return (
        judged("cloud_ssh_private_key_file", key_errors)
        + judged("cloud_name", cloud_errors)
        + judged("jitsi_state_dir", state_errors)
    )
