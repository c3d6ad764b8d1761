"""Filter drain_errors: why a host cannot be drained, one sentence per error."""

from collections.abc import Sequence

from toolkit.machines import kinds_of
from toolkit.plan.names import quote
from toolkit.shapes import Groups

BRIDGES = "videobridges"
MODES = ("move", "wait")


def drain_errors(host: str, groups: Groups, mode: str = MODES[0]) -> list[str]:
    """Return the errors of what the operator wrote as HOST and MODE."""
    errors = [] if mode in MODES else [f"MODE is {quote(mode)}: write {' or '.join(MODES)}."]
    bridges = groups.get(BRIDGES, [])
    if host in bridges:
        return errors
    what = f"HOST is {quote(host)}{_kind(host, groups)}" if host else "HOST is missing"
    return [*errors, f"{what}, and only bridges can be drained: write HOST={_listed(bridges)}."]


def _kind(host: str, groups: Groups) -> str:
    """What the host is, in words for a sentence."""
    kinds = kinds_of([group for group, hosts in groups.items() if host in hosts])
    return f", a {kinds[0].name} host" if kinds else ", which is not in plan.yml"


def _listed(hosts: Sequence[str]) -> str:
    return " or ".join(hosts) or "a host of group videobridges"
