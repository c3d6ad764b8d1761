"""Filter topology_errors: what is wrong with a customer's plan, one sentence per error."""

import difflib
import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.forms import own_network4
from toolkit.machines import GROUPS
from toolkit.sentences import shorten
from toolkit.settings.schema import defaults

DOCUMENTATION = r"""
name: topology_errors
short_description: List what is impossible in a customer's plan
description:
  - Judges groups and hosts of C(plan.yml) against what the customer chose and bought, before any server exists.
  - Settings that are missing or of the wrong type are the business of P(setting_errors#filter) and passed over here.
positional: _input, settings, machine_groups
options:
  _input:
    description: Ansible's C(groups), group name to host names.
    type: dict
    required: true
  settings:
    description: The settings, name to value.
    type: dict
    required: true
  machine_groups:
    description: Groups of machines the toolkit knows, the children of group C(jitsi).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
errors: "{{ groups | topology_errors({'jitsi_customer': 'acme'}, ['meet', 'videobridges', 'turn']) }}"
# -> ["host bcme-meet does not begin with acme-: rename it in plan.yml, for example acme-meet."]
"""

RETURN = r"""
_value:
  description: One sentence per error; empty when there is none.
  type: list
  elements: str
"""

PARENT = "jitsi"
OWN_DIRECTORY = "openldap"  # the jitsi_directory.kind that group directories is there for
# Settings that mean nothing without group recorders.
RECORDING = (
    "jitsi_recording_target",
    "jitsi_recording_password",
    "jitsi_recording_ssh_key",
    "jitsi_recording_recipients",
    "jitsi_recording_retention_days",
    "jitsi_recording_alert_url",
    "jitsi_stream_targets",
)
# Settings that mean nothing without group streamers.
STREAM = ("jitsi_stream_publishers", "jitsi_stream_mbits", "jitsi_stream_viewer_password")
# Settings that mean nothing without group gateways.
TELEPHONE = ("jitsi_trunk", "jitsi_trunk_password", "jitsi_dial_in_numbers", "jitsi_dial_in_lines")
# Addresses of a network that no server gets: its own, broadcast, router, and as many DHCP servers as clouds have.
TAKEN = 6
ANSIBLES_OWN = {"all", "ungrouped", PARENT}
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def _quote(name: str) -> str:
    short = shorten(name)
    return short if short.isprintable() else ascii(short)


def noun_of(group: str) -> str:
    return GROUPS[group].noun if group in GROUPS else group


def planned_hosts(group: str, customer: str, count: int) -> str:
    """What stands in plan.yml for count hosts of group: one name, or a range of names."""
    name = f"{customer}-{noun_of(group)}"
    return name if group in GROUPS and GROUPS[group].single else f"{name}-1" if count == 1 else f"{name}-[1:{count}]"


def _plural(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def _group_errors(groups: dict, planned: list[str], machine_groups: list[str]) -> list[str]:
    errors = []
    for name, hosts in groups.items():
        # Groups of hosts the plan does not have (servers the cloud still runs) are not the plan's business.
        if name in ANSIBLES_OWN or name in machine_groups or (hosts and not set(hosts) & set(planned)):
            continue
        near = difflib.get_close_matches(name, machine_groups, 1, 0.72)
        fix = f"write {near[0]}" if near else f"this toolkit has {', '.join(machine_groups)}"
        errors.append(f"group {_quote(name)} of plan.yml is unknown: {fix}.")
    return errors


def _host_errors(groups: dict, planned: list[str], machine_groups: list[str], customer: str | None) -> list[str]:
    errors = []
    for host in planned:
        mine = [group for group in machine_groups if host in groups.get(group, [])]
        if not mine:
            errors.append(f"host {_quote(host)} has no task: put it into {', '.join(machine_groups)} in plan.yml.")
        if not HOST_NAME.fullmatch(host):
            errors.append(
                f"host {_quote(host)} is no host name: rename it in plan.yml with lower-case letters, digits and "
                "hyphens, at most 63."
            )
        elif customer and not host.startswith(f"{customer}-"):
            number = re.search(r"(-\d+)?$", host)[0]
            better = f"{customer}-{noun_of(mine[0])}{number}" if mine else f"{customer}-{host}"
            errors.append(f"host {host} does not begin with {customer}-: rename it in plan.yml, for example {better}.")
    return errors


def _size_errors(groups: dict, machine_groups: list[str], customer: str, plan: str, machines: dict) -> list[str]:
    errors = []
    for group in machine_groups:
        count, least = len(groups.get(group, [])), machines.get(group, 0 if GROUPS[group].optional else 1)
        if GROUPS[group].single and count > 1:
            errors.append(f"group {group} has {count} hosts: keep one in plan.yml, because {GROUPS[group].single}.")
        elif isinstance(least, int) and count < least:
            errors.append(
                f"group {group} has {_plural(count, 'host')} and plan {_quote(plan)} needs {least}: "
                f"write {planned_hosts(group, customer, least)} in plan.yml."
            )
    return errors


def _directory_errors(groups: dict, customer: str, directory: dict, flavors: dict) -> list[str]:
    """What is wrong with the optional group of directories, judged by what was chosen for it."""
    hosts, kind = groups.get("directories", []), directory.get("kind", "internal")
    wanted = kind == OWN_DIRECTORY
    if wanted and not hosts:
        return [
            "jitsi_directory.kind is openldap and group directories has no hosts: write "
            f"{planned_hosts('directories', customer, 1)}, or the meet host, in plan.yml."
        ]
    if hosts and not wanted and isinstance(kind, str) and kind.isprintable():
        return [
            f"group directories has {_plural(len(hosts), 'host')} and jitsi_directory.kind is {_quote(kind)}: remove "
            "the group from plan.yml or write openldap."
        ]
    shared = any(set(hosts) & set(groups.get(group, [])) for group in GROUPS if group != "directories")
    if hosts and not shared and flavors and "directory" not in flavors:
        return ["cloud_flavors.directory is missing: write the name of a flavor with at least 1 vCPU and 1 GB."]
    return []


def _homeless_errors(names: tuple[str, ...], settings: dict, group: str, customer: str) -> list[str]:
    """Settings for a group that has no hosts."""
    return [
        f"{name} is chosen and group {group} has no hosts: write {planned_hosts(group, customer, 1)} in plan.yml, or "
        "remove the setting."
        for name in names
        if settings.get(name) not in (None, "", [], {}, defaults().get(name))
    ]


def _streams_to_own_server(settings: dict) -> bool:
    targets = settings.get("jitsi_stream_targets")
    return isinstance(targets, list) and "own" in targets


def _stream_errors(groups: dict, customer: str, settings: dict, flavors: dict) -> list[str]:
    """What is wrong with the optional group of streaming servers, judged by what was chosen for it."""
    hosts = groups.get("streamers", [])
    if not hosts:
        return _homeless_errors(STREAM, settings, "streamers", customer)
    errors = [
        f"host {_quote(host)} is in groups streamers and {group}: give the stream a machine of its own, because both "
        "need port 443."
        for host in hosts
        for group in ("meet", "turn")
        if host in groups.get(group, [])
    ]
    if not settings.get("jitsi_stream_publishers") and not _streams_to_own_server(settings):
        errors.append(
            f"group streamers has {_plural(len(hosts), 'host')} and jitsi_stream_publishers is empty: write the "
            "networks streams come from, such as 192.0.2.17/32."
        )
    shared = any(set(hosts) & set(groups.get(group, [])) for group in GROUPS if group != "streamers")
    if not shared and flavors and "streamer" not in flavors:
        errors.append("cloud_flavors.streamer is missing: write the name of a flavor with at least 2 vCPU and 2 GB.")
    return errors


def _bridge_errors(groups: dict, customer: str, settings: dict) -> list[str]:
    """What is wrong with how meetings use several bridges, judged by how many there are and where."""
    strategy, zones = settings.get("jitsi_bridge_strategy"), settings.get("cloud_bridge_zones")
    bridges, many = len(groups.get("videobridges", [])), zones if isinstance(zones, list) else []
    errors = []
    if strategy in ("intra_region", "region_based") and bridges == 1:
        errors.append(
            f"jitsi_bridge_strategy is {strategy} and group videobridges has 1 host: write "
            f"{planned_hosts('videobridges', customer, 2)} in plan.yml, or single."
        )
    if strategy == "region_based" and len(many) < 2:
        errors.append(
            f"jitsi_bridge_strategy is region_based and cloud_bridge_zones has {_plural(len(many), 'zone')}: write "
            "two at least, or intra_region."
        )
    people = settings.get("jitsi_bridge_max_participants")
    nobody_chose = defaults()["jitsi_bridge_max_participants"]
    # What is out of range is told by its limits.
    if strategy == "single" and isinstance(people, int) and 2 <= people <= 500 and people != nobody_chose:
        errors.append(
            f"jitsi_bridge_max_participants is {people} and jitsi_bridge_strategy is single, which keeps a meeting on "
            "one bridge: write intra_region, or remove jitsi_bridge_max_participants."
        )
    if strategy == "intra_region" and 1 < len(many) <= bridges < 2 * len(many):
        errors.append(
            f"jitsi_bridge_strategy is intra_region and {_plural(bridges, 'host')} of group videobridges in "
            f"{len(many)} zones of cloud_bridge_zones leave a zone with one bridge: write "
            f"{planned_hosts('videobridges', customer, 2 * len(many))} in plan.yml, or region_based, or fewer zones."
        )
    if len(many) > max(bridges, 1):
        errors.append(
            f"cloud_bridge_zones has {_plural(len(many), 'zone')} and group videobridges {_plural(bridges, 'host')}: "
            f"write {planned_hosts('videobridges', customer, len(many))} in plan.yml, or fewer zones."
        )
    return errors


def _relay_errors(limits: dict) -> list[str]:
    """What is wrong with how much a relay carries: it sets bandwidth aside for each connection."""
    all_together, each = limits.get("mbit"), limits.get("mbit_per_relay")
    # What is out of range is told by its limits.
    if not isinstance(all_together, int) or not isinstance(each, int):
        return []
    if not 0 < all_together <= 100000 or not 0 <= each <= 1000:
        return []
    both = f"jitsi_relay_limits.mbit is {all_together} and jitsi_relay_limits.mbit_per_relay is {each}"
    if each == 0:
        return [f"{both}: write what is set aside for each connection, such as 20, or 0 for both."]
    if all_together < each:
        return [f"{both}: write {each} for each person who needs the relay at the same time, or 0 for any number."]
    return []


def _network_errors(planned: list[str], cidr: str) -> list[str]:
    """Whether each planned host can have an address. A network of another form is refused for its form."""
    try:
        addresses = own_network4(cidr).num_addresses
    except ValueError:
        return []
    needed = len(planned) + TAKEN
    if addresses >= needed:
        return []
    best = f"{cidr.partition('/')[0]}/{32 - (needed - 1).bit_length()}"
    return [
        f"cloud_network_cidr is {cidr}, {addresses} addresses, and {_plural(len(planned), 'host')} of plan.yml with "
        f"the cloud's own need {needed}: write a range like {best}."
    ]


def _recording_errors(groups: dict, customer: str, settings: dict, flavors: dict) -> list[str]:
    """What is wrong with the optional group of recorders, judged by what was chosen for it."""
    hosts, errors = groups.get("recorders", []), []
    if _streams_to_own_server(settings) and not groups.get("streamers"):
        errors.append(
            "jitsi_stream_targets has own and group streamers has no hosts: write "
            f"{planned_hosts('streamers', customer, 1)} in plan.yml, or remove own."
        )
    if settings.get("jitsi_stream_terms_url") and settings.get("jitsi_stream_targets") == []:
        errors.append(
            "jitsi_stream_terms_url is chosen and jitsi_stream_targets is empty: write where moderators may stream to, "
            "such as youtube, or remove the setting."
        )
    if not hosts:
        return errors + _homeless_errors(RECORDING, settings, "recorders", customer)
    errors += [
        f"host {_quote(host)} is in groups recorders and {group}: give each recorder a machine of its own, because a "
        "recording takes all of it."
        for host in hosts
        for group in GROUPS
        if group != "recorders" and host in groups.get(group, [])
    ]
    if flavors and "recorder" not in flavors:
        errors.append("cloud_flavors.recorder is missing: write the name of a flavor with at least 4 vCPU and 8 GB.")
    return errors


def _telephone_errors(groups: dict, customer: str, settings: dict, flavors: dict) -> list[str]:
    """What is wrong with the optional group of gateways, judged by what was chosen for it."""
    hosts = groups.get("gateways", [])
    if not hosts:
        return _homeless_errors(TELEPHONE, settings, "gateways", customer)
    errors = [
        f"group gateways has {_plural(len(hosts), 'host')} and {name} is empty: {fix}."
        for name, fix in (
            ("jitsi_trunk", "write where calls come from, host and networks at least"),
            ("jitsi_dial_in_numbers", "write the numbers people call"),
        )
        if not settings.get(name)
    ]
    shared = all(
        any(host in groups.get(group, []) for group in GROUPS if group not in ("gateways", "recorders"))
        for host in hosts
    )
    if not shared and flavors and "gateway" not in flavors:
        errors.append("cloud_flavors.gateway is missing: write the name of a flavor with at least 2 vCPU and 4 GB.")
    return errors


def topology_errors(groups, settings, machine_groups) -> list[str]:
    """Return the errors of the plan, one sentence each."""

    def chosen(name, type_):
        value = settings.get(name)
        # What has the wrong type or cannot be shown is setting_errors' business.
        return value if isinstance(value, type_) and (type_ is not str or value.isprintable()) else type_()

    planned = list(groups.get(PARENT, []))
    if not planned:
        return ["plan.yml has no host in group jitsi: write at least meet, videobridges and turn under it."]
    customer, plan = chosen("jitsi_customer", str), chosen("jitsi_plan", str)
    promise = chosen("jitsi_plans", dict).get(plan)
    promise = promise if isinstance(promise, dict) else {}
    machines = promise.get("machines") if isinstance(promise.get("machines"), dict) else {}
    errors = _group_errors(groups, planned, machine_groups)
    errors += _host_errors(groups, planned, machine_groups, customer)
    errors += _size_errors(groups, machine_groups, customer or "<customer>", plan or "<none>", machines)
    directory, flavors = chosen("jitsi_directory", dict), chosen("cloud_flavors", dict)
    errors += _directory_errors(groups, customer or "<customer>", directory, flavors)
    errors += _stream_errors(groups, customer or "<customer>", settings, flavors)
    errors += _bridge_errors(groups, customer or "<customer>", settings)
    errors += _relay_errors(chosen("jitsi_relay_limits", dict))
    errors += _network_errors(planned, chosen("cloud_network_cidr", str))
    errors += _recording_errors(groups, customer or "<customer>", settings, flavors)
    errors += _telephone_errors(groups, customer or "<customer>", settings, flavors)
    return errors


class FilterModule:
    """Makes topology_errors known to Ansible."""

    def filters(self):
        return {"topology_errors": topology_errors}
