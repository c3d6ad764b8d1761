"""Filter service_sandbox: the drop-in of a unit, from the table of sandboxes."""

from pathlib import Path

import pytest
import yaml

from toolkit.machines import KINDS
from toolkit.sandbox.service_sandbox import service_sandbox
from toolkit.sandbox.units import ADDED_UP, BASE, UNITS

WIRING = Path(__file__).parents[2] / "group_vars"


def assigned(unit):
    """Option -> what is assigned to it, in order."""
    options = {}
    for line in service_sandbox(unit).splitlines()[1:]:
        if not line.startswith("#"):
            name, _, value = line.partition("=")
            options.setdefault(name, []).append(value)
    return options


def test_a_unit_without_differences_is_denied_everything():
    assert assigned("jitsi-login.service") == {
        name: [""] * (name in ADDED_UP and bool(value)) + [value] for name, value in BASE.items()
    }


def test_what_a_package_allows_is_replaced_and_not_added_to():
    """systemd adds up these options until an empty assignment."""
    lists = {"CapabilityBoundingSet", "AmbientCapabilities", "ReadWritePaths"}
    lists |= {"RestrictAddressFamilies", "SystemCallFilter"}
    for unit in UNITS:
        assert [name for name, values in assigned(unit).items() if name in lists and values[0] != ""] == [], unit


def test_a_difference_stands_behind_its_reason():
    assert "# pcre_jit compiles patterns into memory that it executes\nMemoryDenyWriteExecute=no\n" in service_sandbox(
        "nginx.service"
    )
    assert assigned("coturn.service")["CapabilityBoundingSet"] == ["", "CAP_NET_BIND_SERVICE"]
    assert assigned("jibri.service")["SystemCallFilter"] == ["", "@system-service chroot seccomp"]


def test_a_unit_writes_to_its_folders_alone():
    assert assigned("prosody.service")["ReadWritePaths"] == ["", "/var/lib/prosody /var/log/prosody"]
    assert "ReadWritePaths" not in assigned("kamailio.service")


@pytest.mark.parametrize("unit", UNITS)
def test_every_difference_has_a_reason_and_is_one(unit):
    for name, difference in UNITS[unit].differences.items():
        assert difference.reason
        assert BASE.get(name) != difference.value


@pytest.mark.parametrize("unit", UNITS)
def test_a_units_machines_are_kinds_of_machines(unit):
    assert set(UNITS[unit].groups) <= {kind.group for kind in KINDS}
    assert UNITS[unit].groups


def test_jibri_the_takeover_and_the_delivery_write_where_recordings_are():
    folder = yaml.safe_load((WIRING / "recorders/recording_delivery.yml").read_text())["recording_delivery_folder"]
    assert folder in UNITS["jibri.service"].writes
    assert all(folder in UNITS[f"recording-{name}.service"].writes for name in ("takeover", "delivery"))


def test_an_unknown_unit_is_refused():
    with pytest.raises(ValueError, match=r"cron\.service has no sandbox: toolkit/sandbox/units\.py has those of acme"):
        service_sandbox("cron.service")
