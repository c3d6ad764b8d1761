"""Groups of machines that a plan may lack: what is wrong with them, judged by the settings that need them."""

from collections.abc import Mapping
from typing import Any

from toolkit.machines import GROUPS
from toolkit.plan.names import planned_hosts, plural, quote
from toolkit.settings.schema import defaults
from toolkit.shapes import Groups, Settings

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


def _directory_errors(
    groups: Groups, customer: str, directory: Mapping[str, Any], flavors: Mapping[str, Any]
) -> list[str]:
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
            f"group directories has {plural(len(hosts), 'host')} and jitsi_directory.kind is {quote(kind)}: remove "
            "the group from plan.yml or write openldap."
        ]
    shared = any(set(hosts) & set(groups.get(group, [])) for group in GROUPS if group != "directories")
    if hosts and not shared and flavors and "directory" not in flavors:
        return [_without_flavor("directories")]
    return []


def _homeless_errors(names: tuple[str, ...], settings: Settings, group: str, customer: str) -> list[str]:
    """Settings for a group that has no hosts."""
    return [
        f"{name} is chosen and group {group} has no hosts: write {planned_hosts(group, customer, 1)} in plan.yml, or "
        "remove the setting."
        for name in names
        if settings.get(name) not in (None, "", [], {}, defaults().get(name))
    ]


def _without_flavor(group: str) -> str:
    """The sentence for a group whose hosts need a flavor of their own, which is not set."""
    kind = GROUPS[group]
    return f"cloud_flavors.{kind.name} is missing: write the name of a flavor with at least {kind.least}."


def _streams_to_own_server(settings: Settings) -> bool:
    targets = settings.get("jitsi_stream_targets")
    return isinstance(targets, list) and "own" in targets


def _stream_errors(groups: Groups, customer: str, settings: Settings, flavors: Mapping[str, Any]) -> list[str]:
    """What is wrong with the optional group of streaming servers, judged by what was chosen for it."""
    hosts = groups.get("streamers", [])
    if not hosts:
        return _homeless_errors(STREAM, settings, "streamers", customer)
    errors = [
        f"host {quote(host)} is in groups streamers and {group}: give the stream a machine of its own, because both "
        "need port 443."
        for host in hosts
        for group in ("meet", "turn")
        if host in groups.get(group, [])
    ]
    if not settings.get("jitsi_stream_publishers") and not _streams_to_own_server(settings):
        errors.append(
            f"group streamers has {plural(len(hosts), 'host')} and jitsi_stream_publishers is empty: write the "
            "networks streams come from, such as 192.0.2.17/32."
        )
    shared = any(set(hosts) & set(groups.get(group, [])) for group in GROUPS if group != "streamers")
    if not shared and flavors and "streamer" not in flavors:
        errors.append(_without_flavor("streamers"))
    return errors


def _recording_errors(groups: Groups, customer: str, settings: Settings, flavors: Mapping[str, Any]) -> list[str]:
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
        f"host {quote(host)} is in groups recorders and {group}: give each recorder a machine of its own, because a "
        "recording takes all of it."
        for host in hosts
        for group in GROUPS
        if group != "recorders" and host in groups.get(group, [])
    ]
    if flavors and "recorder" not in flavors:
        errors.append(_without_flavor("recorders"))
    return errors


def _telephone_errors(groups: Groups, customer: str, settings: Settings, flavors: Mapping[str, Any]) -> list[str]:
    """What is wrong with the optional group of gateways, judged by what was chosen for it."""
    hosts = groups.get("gateways", [])
    if not hosts:
        return _homeless_errors(TELEPHONE, settings, "gateways", customer)
    errors = [
        f"group gateways has {plural(len(hosts), 'host')} and {name} is empty: {fix}."
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
        errors.append(_without_flavor("gateways"))
    return errors


def optional_group_errors(
    groups: Groups, customer: str, settings: Settings, directory: Mapping[str, Any], flavors: Mapping[str, Any]
) -> list[str]:
    """Return the errors of directories, streamers, recorders and gateways.

    directory and flavors are jitsi_directory and cloud_flavors, empty where they are no mappings.
    """
    return [
        *_directory_errors(groups, customer, directory, flavors),
        *_stream_errors(groups, customer, settings, flavors),
        *_recording_errors(groups, customer, settings, flavors),
        *_telephone_errors(groups, customer, settings, flavors),
    ]
