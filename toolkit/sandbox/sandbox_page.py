"""The page of the documents about sandboxes: docs/sandboxes.md."""

import re
from collections.abc import Mapping

from toolkit.sandbox.units import BASE, LIMIT, UNITS, Sandbox

# Unit -> Debian release -> its score.
type Scores = Mapping[str, Mapping[str, float]]

HEAD = """<!-- Written by scripts/sandboxes from toolkit/sandbox/units.py and what systemd says of the units.
Change that table, then: scripts/sandboxes -->

# Sandboxes

Every daemon, timer and job that the toolkit runs on servers has a sandbox of systemd's: those of Debian's and Jitsi's
packages (nginx, prosody, coturn, Kamailio, OpenLDAP, jicofo, bridge, Jigasi, Jibri with its browser and display) like
the toolkit's own. A daemon that is taken over by an attacker writes to its own folders only, gets no rights that its
user lacks, sees no processes of other users, and reaches only the system calls that services need.

Role `sandbox` writes `/etc/systemd/system/UNIT.d/sandbox.conf` for every unit; `toolkit/sandbox/units.py` is the table
of what these files say. `systemctl cat UNIT` shows it on a host.

`systemd-analyze security` scores a unit from 0 (nothing is exposed) to 10. `tests/sandbox` asks it on Debian 12 and 13
and fails above {limit}.

| unit | machines | Debian 12 | Debian 13 |
|---|---|---|---|
"""
BASIS = """
## What every unit is denied

```ini
{options}
```

"""
WRITES = """A unit may write to the folders below, to those that systemd makes for it (`RuntimeDirectory=` and the like)
and to a `/tmp` of its own.

| unit | writes to |
|---|---|
"""
DIFFERENCES = """
## Differences and their reasons

| unit | option | reason |
|---|---|---|
"""
TAIL = """
## Restarts

A changed sandbox counts as changed configuration: the next deployment restarts the daemon. While that would end a
meeting the restart is [deferred](how-to/restarts.md).

## AppArmor

Debian 12 and 13 ship no AppArmor profile for any of these daemons; `tests/sandbox` fails when a package begins to.
Profiles that other packages bring stay as Debian enforces them.

## Without a sandbox

* sshd, sudo and systemd's own services: through them the host is administered. Debian's systemd sandboxes its own.
* apt, `updates`, unattended upgrades and certbot: they change the system or restart daemons.
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _differences(unit: str, sandbox: Sandbox) -> list[str]:
    return [
        f"| `{unit}` | `{name}={_cell(difference.value)}` | {_cell(difference.reason)} |\n"
        for name, difference in sandbox.differences.items()
    ]


def sandbox_page(scores: Scores) -> str:
    """Return the page with these scores."""
    rows = [
        f"| `{unit}` | {', '.join(sandbox.groups)} | {scores[unit]['12']} | {scores[unit]['13']} |\n"
        for unit, sandbox in sorted(UNITS.items())
    ]
    options = "\n".join(f"{name}={value}" for name, value in BASE.items())
    writes = [
        f"| `{unit}` | {', '.join(f'`{path.removeprefix("-")}`' for path in sandbox.writes)} |\n"
        for unit, sandbox in sorted(UNITS.items())
        if sandbox.writes
    ]
    differences = [row for unit, sandbox in sorted(UNITS.items()) for row in _differences(unit, sandbox)]
    parts = [HEAD.format(limit=LIMIT), *rows, BASIS.format(options=options), WRITES, *writes, DIFFERENCES, *differences]
    return "".join([*parts, TAIL])


def scores_of(page: str) -> dict[str, dict[str, float]]:
    """The scores that a page names."""
    rows = re.findall(r"^\| `(\S+)` \| [^|]+ \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    return {unit: {"12": float(twelve), "13": float(thirteen)} for unit, twelve, thirteen in rows}
