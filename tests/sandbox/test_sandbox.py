"""The sandboxes of units: what systemd says of them, on both Debians."""

import re

import pytest
from rendering import ROOT

from toolkit.sandbox.sandbox_page import sandbox_page, scores_of
from toolkit.sandbox.service_sandbox import service_sandbox
from toolkit.sandbox.units import LIMIT, UNITS

PAGE = ROOT / "docs/sandboxes.md"
FOLDER = "/etc/systemd/system"
SCORES = {}  # Debian release -> unit -> score


@pytest.fixture(scope="module")
def judged(debian, units):
    """The Debian with every unit of the toolkit, every drop-in and every sandbox."""
    for path, text in units.items():
        debian.put(f"{FOLDER}/{path}", text)
    for unit in UNITS:
        debian.put(f"{FOLDER}/{unit}.d/sandbox.conf", service_sandbox(unit))
    return debian


def score(debian, unit):
    """What systemd says of the unit, and what it has to say about its files."""
    done = debian.sh(f"systemd-analyze security --offline=yes --no-pager {unit}")
    found = re.search(rf"Overall exposure level for {re.escape(unit)}: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1]), done.stderr


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_no_unit_is_exposed(judged, unit):
    """The limit, and no option that this systemd does not know."""
    exposure, complaints = score(judged, unit)
    print(f"Debian {judged.release}: {unit} {exposure}")
    SCORES.setdefault(judged.release, {})[unit] = exposure
    assert exposure <= LIMIT
    assert complaints == ""


def test_without_its_sandbox_a_unit_is_exposed(judged):
    """That the limit is one."""
    judged.sh(f"mv {FOLDER}/nginx.service.d/sandbox.conf /")
    assert score(judged, "nginx.service")[0] > LIMIT * 3
    judged.sh(f"mv /sandbox.conf {FOLDER}/nginx.service.d/")


def test_every_unit_of_the_toolkit_and_every_daemon_it_changes_has_a_sandbox():
    """Updates change the whole system: see docs/sandboxes.md."""
    units = {path.name.removesuffix(".j2") for path in ROOT.glob("roles/*/templates/*.service.j2")}
    assert units - set(UNITS) == {"updates.service"}


def test_no_package_brings_a_profile_of_apparmor_that_would_have_to_be_enforced(judged):
    """docs/sandboxes.md says that Debian has none for these daemons."""
    packages = "nginx nginx-common nginx-light prosody coturn kamailio baresip-core slapd"
    found = judged.sh(f"dpkg-query --listfiles {packages} 2> /dev/null | grep ^/etc/apparmor.d/ || true")
    assert found.stdout == ""


def test_the_page_says_what_systemd_says(request):
    by_unit = {unit: {release: SCORES[release][unit] for release in ("12", "13")} for unit in UNITS}
    if request.config.getoption("--write-page"):
        PAGE.write_text(sandbox_page(by_unit))
    assert scores_of(PAGE.read_text()) == by_unit, "run scripts/sandboxes"
