"""What is wrong with a customer's plan, one sentence per error."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.forms import own_network4
from toolkit.machines import GROUPS
from toolkit.plan.names import noun_of, planned_hosts, plural, quote
from toolkit.plan.optional_groups import optional_group_errors
from toolkit.sentences import LONGEST_QUOTE
from toolkit.settings.schema import defaults
from toolkit.shapes import Groups, Settings

PARENT = "jitsi"
# Addresses of a network that no server gets: its own, broadcast, router, and as many DHCP servers as clouds have.
TAKEN = 6
ANSIBLES_OWN = {"all", "ungrouped", PARENT}
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def _group_errors(groups: Groups, planned: Sequence[str], machine_groups: Sequence[str]) -> list[str]:
    errors = []
    for name, hosts in groups.items():
        # Groups of hosts the plan does not have (servers the cloud still runs) are not the plan's business.
        if name in ANSIBLES_OWN or name in machine_groups or (hosts and not set(hosts) & set(planned)):
            continue
        near = difflib.get_close_matches(name, machine_groups, 1, 0.72)
        fix = f"write {near[0]}" if near else f"this toolkit has {', '.join(machine_groups)}"
        errors.append(f"group {quote(name)} of plan.yml is unknown: {fix}.")
    return errors


def _host_errors(groups: Groups, planned: Sequence[str], machine_groups: Sequence[str], customer: str) -> list[str]:
    errors = []
    for host in planned:
        mine = [group for group in machine_groups if host in groups.get(group, [])]
        if not mine:
            errors.append(f"host {quote(host)} has no task: put it into {', '.join(machine_groups)} in plan.yml.")
        if not HOST_NAME.fullmatch(host):
            errors.append(
                f"host {quote(host)} is no host name: rename it in plan.yml with lower-case letters, digits and "
                "hyphens, at most 63."
            )
        elif customer and not host.startswith(f"{customer}-"):
            number = re.sub(r".*?(-\d+)?$", r"\1", host)
            better = f"{customer}-{noun_of(mine[0])}{number}" if mine else f"{customer}-{host}"
            errors.append(f"host {host} does not begin with {customer}-: rename it in plan.yml, for example {better}.")
    return errors


def _size_errors(
    groups: Groups, machine_groups: Sequence[str], customer: str, plan: str, machines: Mapping[str, Any]
) -> list[str]:
    errors = []
    for group in machine_groups:
        count, least = len(groups.get(group, [])), machines.get(group, 0 if GROUPS[group].optional else 1)
        if GROUPS[group].single and count > 1:
            errors.append(f"group {group} has {count} hosts: keep one in plan.yml, because {GROUPS[group].single}.")
        elif isinstance(least, int) and count < least:
            errors.append(
                f"group {group} has {plural(count, 'host')} and plan {quote(plan)} needs {least}: "
                f"write {planned_hosts(group, customer, least)} in plan.yml."
            )
    return errors


def _bridge_errors(groups: Groups, customer: str, settings: Settings) -> list[str]:
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
            f"jitsi_bridge_strategy is region_based and cloud_bridge_zones has {plural(len(many), 'zone')}: write "
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
            f"jitsi_bridge_strategy is intra_region and {plural(bridges, 'host')} of group videobridges in "
            f"{len(many)} zones of cloud_bridge_zones leave a zone with one bridge: write "
            f"{planned_hosts('videobridges', customer, 2 * len(many))} in plan.yml, or region_based, or fewer zones."
        )
    if len(many) > max(bridges, 1):
        errors.append(
            f"cloud_bridge_zones has {plural(len(many), 'zone')} and group videobridges {plural(bridges, 'host')}: "
            f"write {planned_hosts('videobridges', customer, len(many))} in plan.yml, or fewer zones."
        )
    return errors


def _relay_errors(limits: Mapping[str, Any]) -> list[str]:
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


def _network_errors(planned: Sequence[str], cidr: str) -> list[str]:
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
        f"cloud_network_cidr is {cidr}, {addresses} addresses, and {plural(len(planned), 'host')} of plan.yml with "
        f"the cloud's own need {needed}: write a range like {best}."
    ]


def _text(value: object) -> str:
    """The text; what has the wrong type or cannot be shown is the business of setting_errors."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_QUOTE else ""


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def topology_errors(groups: Groups, settings: Settings, machine_groups: Sequence[str]) -> list[str]:
    """Return the errors of the plan, one sentence each."""
    planned = list(groups.get(PARENT, []))
    if not planned:
        return ["plan.yml has no host in group jitsi: write at least meet, videobridges and turn under it."]
    customer, plan = _text(settings.get("jitsi_customer")), _text(settings.get("jitsi_plan"))
    machines = _mapping(_mapping(_mapping(settings.get("jitsi_plans")).get(plan)).get("machines"))
    errors = _group_errors(groups, planned, machine_groups)
    errors += _host_errors(groups, planned, machine_groups, customer)
    customer = customer or "<customer>"
    errors += _size_errors(groups, machine_groups, customer, plan or "<none>", machines)
    errors += optional_group_errors(
        groups, customer, settings, _mapping(settings.get("jitsi_directory")), _mapping(settings.get("cloud_flavors"))
    )
    errors += _bridge_errors(groups, customer, settings)
    errors += _relay_errors(_mapping(settings.get("jitsi_relay_limits")))
    return errors + _network_errors(planned, _text(settings.get("cloud_network_cidr")))
