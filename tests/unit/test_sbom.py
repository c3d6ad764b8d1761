"""A server's software bill of materials: complete, valid, the same for the same answer, and no belief in servers."""

import copy
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from toolkit.formats.program_archive import archive_of
from toolkit.sbom.own import own
from toolkit.sbom.sbom import sbom

ROOT = Path(__file__).parents[2]
SITE = "download.jitsi.org"
DEBIAN = {"origin": "Debian", "label": "Debian", "site": "mirror.example"}
SECURITY = DEBIAN | {"label": "Debian-Security"}
JITSI = {"origin": "jitsi.org", "label": "Jitsi Debian packages repository", "site": SITE}
OTHER = {"origin": "Others", "label": "Others' tools", "site": "apt.others.example"}


def package(name, version, *archives, listed=True, architecture="amd64", source=""):
    of = {"source": source or name, "source_version": version.removesuffix("+b1")}
    about = {"name": name, "architecture": architecture, "version": version, "listed": listed and bool(archives)}
    return about | of | {"archives": list(archives)}


def digest_of(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


UPDATES = ROOT / "roles/updates/files/updates"
PACKAGES = [
    package("bash", "5.2.15-2+b1", DEBIAN),
    package("libssl3", "1:3.0.17-1~deb12u2", DEBIAN, SECURITY, source="openssl"),
    package("libssl3", "1:3.0.17-1~deb12u2", SECURITY, source="openssl", architecture="i386"),
    package("openssh-server", "1:9.2p1-2", DEBIAN, listed=False, source="openssh"),
    package("jicofo", "1.0-1100-1", JITSI, architecture="all"),
    package("agent", "7.1", OTHER),
    package("by-hand", "0.1"),
]
FILES = [
    {"path": "/usr/local/sbin/updates", "sha256": digest_of(UPDATES), "rendered": False},
    {"path": "/usr/local/sbin/dial-in-ivr", "sha256": hashlib.sha256(archive_of("dial_in_ivr")).hexdigest(),
     "rendered": False},
    {"path": "/usr/local/sbin/check-trunk", "sha256": "a" * 64, "rendered": True},
    {"path": "/usr/local/bin/miner", "sha256": "b" * 64, "rendered": False},
]  # fmt: skip
ANSWER = {
    "system": {"name": "Debian GNU/Linux 12 (bookworm)", "codename": "bookworm"},
    "changed": 1764500000,
    "packages": PACKAGES,
    "files": FILES,
}


def written(answer):
    bill = sbom(json.dumps(answer), "acme-meet", SITE)
    assert bill["error"] == ""
    return bill["document"]


def properties(component):
    return {entry["name"].split(":")[1]: entry["value"] for entry in component["properties"]}


@pytest.fixture(scope="module")
def document():
    return json.loads(written(ANSWER))


@pytest.fixture(scope="module")
def components(document):
    """By name and architecture, or by path."""
    return {component["bom-ref"].partition("/")[2]: component for component in document["components"]}


def test_it_is_cyclonedx(document):
    judge = JsonStrictValidator(SchemaVersion.V1_6)
    assert document["specVersion"] == "1.6"
    assert judge.validate_str(json.dumps(document)) is None
    assert judge.validate_str(json.dumps(document | {"serialNumber": "1"})) is not None


def test_every_package_and_every_program_is_there_once(document):
    packages = [(p["name"], p["architecture"], p["version"]) for p in PACKAGES]
    of_type = {kind: [c for c in document["components"] if c["type"] == kind] for kind in ("library", "application")}
    found = [(c["name"], properties(c)["architecture"], c["version"]) for c in of_type["library"]]
    assert sorted(found) == sorted(packages)
    assert sorted(c["name"] for c in of_type["application"]) == sorted(file["path"] for file in FILES)
    assert len(document["components"]) == len(PACKAGES) + len(FILES)
    (of_host,) = [entry for entry in document["dependencies"] if entry["ref"] == "host/acme-meet"]
    assert len(of_host["dependsOn"]) == len(document["components"])


@pytest.mark.parametrize(
    ("name", "origin", "archive", "source", "purl"),
    [
        ("bash/amd64", "Debian", "Debian", "bash 5.2.15-2",
         "pkg:deb/debian/bash@5.2.15-2%2Bb1?arch=amd64&distro=bookworm"),
        ("libssl3/amd64", "Debian", "Debian, Debian-Security", "openssl 1:3.0.17-1~deb12u2",
         "pkg:deb/debian/libssl3@1:3.0.17-1~deb12u2?arch=amd64&distro=bookworm"),
        ("libssl3/i386", "Debian", "Debian-Security", "openssl 1:3.0.17-1~deb12u2",
         "pkg:deb/debian/libssl3@1:3.0.17-1~deb12u2?arch=i386&distro=bookworm"),
        ("openssh-server/amd64", "Debian", "Debian (in another version)", "openssh 1:9.2p1-2",
         "pkg:deb/debian/openssh-server@1:9.2p1-2?arch=amd64&distro=bookworm"),
        ("jicofo/all", "Jitsi", "Jitsi Debian packages repository", "jicofo 1.0-1100-1",
         "pkg:deb/jitsi/jicofo@1.0-1100-1?arch=all&distro=bookworm"),
        ("agent/amd64", "neither Debian nor Jitsi", "Others' tools", "agent 7.1", None),
        ("by-hand/amd64", "neither Debian nor Jitsi", "none", "by-hand 0.1", None),
    ],
)  # fmt: skip
def test_a_package_says_where_it_is_from(components, name, origin, archive, source, purl):
    component = components[name]
    said = properties(component)
    assert said["origin"] == origin
    assert said["archive"] == archive
    assert f"{said['source-package']} {said['source-version']}" == source
    assert component.get("purl") == purl


def test_programs_of_this_checkout_have_its_version(components):
    programs = [components[file["path"][1:]] for file in FILES]
    version = own().version
    assert re.fullmatch(r"\d+\.\d+\.\d+(\+[0-9a-f]{12,}(\.dirty)?)?", version)
    assert [program.get("version") for program in programs] == [version, version, None, None]
    ours = {"origin": "jitsi-on-openstack"}
    assert [properties(program) for program in programs] == [
        ours | {"source": "roles/updates/files/updates"},
        ours | {"source": "programs/dial_in_ivr"},
        ours | {"source": "settings"},
        {"origin": "neither Debian nor Jitsi nor this checkout"},
    ]


def test_the_summary_names_what_is_neither_debians_nor_jitsis():
    assert sbom(json.dumps(ANSWER), "acme-meet", SITE)["summary"] == (
        "acme-meet: packages: 4 Debian, 1 Jitsi, 2 neither Debian nor Jitsi (agent, by-hand); 4 files of other programs"
    )


def test_the_same_installed_gives_the_same_bytes_and_a_change_another_serial_number():
    turned = ANSWER | {"packages": PACKAGES[::-1], "files": FILES[::-1]}
    assert written(ANSWER) == written(turned)
    fewer = written(ANSWER | {"packages": PACKAGES[1:]})
    assert json.loads(fewer)["serialNumber"] != json.loads(written(ANSWER))["serialNumber"]


def with_changed(**values):
    answer = copy.deepcopy(ANSWER)
    answer["packages"][2] |= values
    return json.dumps(answer)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("", 'the answer is "" and not JSON'),
        ("[" * 100_000, 'the answer is "' + "[" * 57 + '..." and not JSON'),
        ("[]", "the answer is an empty list and not a mapping with system, changed, packages, files and nothing else"),
        (json.dumps(ANSWER | {"packages": []}), "packages is an empty list and not a list of packages"),
        (json.dumps(ANSWER | {"changed": 10**20}),
         "changed is 100000000000000000000 and not a time in seconds since 1970"),
        (with_changed(version="1 2"), 'packages[2].version is "1 2" and not a package\'s version'),
        (with_changed(version="1\n"), 'packages[2].version is "1\\n" and not a package\'s version'),
        (with_changed(version=1), "packages[2].version is 1 and not a package's version"),
        (with_changed(name="../x"), 'packages[2].name is "../x" and not a package\'s name'),
        (with_changed(more=""), "packages[2] is a mapping and not a package with name, architecture, version, source, "
         "source_version, listed, archives and nothing else"),
        (with_changed(archives=[DEBIAN | {"label": "a\u202eb"}]),
         'packages[2].archives[0].label is "a\\u202eb" and not a printable text'),
        (with_changed(archives=[DEBIAN | {"label": "\udc80"}]),
         'packages[2].archives[0].label is "\\udc80" and not a printable text'),
        (with_changed(architecture="amd64"), "package libssl3 (amd64) is named twice"),
        (json.dumps(ANSWER | {"files": [FILES[3], FILES[3]]}), "file /usr/local/bin/miner is named twice"),
        (json.dumps(ANSWER | {"files": [FILES[3] | {"path": "/etc/shadow"}]}),
         'files[0].path is "/etc/shadow" and not a path in /usr/local'),
    ],
)  # fmt: skip
def test_what_the_program_would_not_say_is_refused(answer, error):
    assert sbom(answer, "acme-meet", SITE) == {
        "error": f"acme-meet: {error}, so its answer is not that of the toolkit's program and no list was written. "
        "Fix: look at the server (make ssh HOST=acme-meet) before its next list is believed.",
        "document": "",
        "summary": "",
    }


def installed(*folders, **options):
    """What the program says on this machine."""
    command = ["/usr/bin/python3", "-I", "-", "# Written by the toolkit", *folders]
    program = (ROOT / "roles/sbom/files/installed").read_text()
    return subprocess.run(command, input=program, text=True, capture_output=True, check=False, **options)


def test_the_program_names_what_dpkg_has_installed_on_this_machine():
    answer = json.loads(installed().stdout)
    form = "${db:Status-Status} ${Package} ${Architecture} ${Version} ${source:Package} ${source:Version}\n"
    command = ["dpkg-query", "--show", f"--showformat={form}"]
    listed = subprocess.run(command, text=True, capture_output=True, check=True)
    words = [line.split() for line in listed.stdout.splitlines()]
    keys = ("name", "architecture", "version", "source", "source_version")
    found = [[package[key] for key in keys] for package in answer["packages"]]
    assert sorted(found) == sorted(rest for status, *rest in words if status not in ("config-files", "not-installed"))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written(answer)) is None


def test_the_program_names_every_file_or_says_what_it_may_not_read(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/miner").write_text("mine")
    (tmp_path / "check").write_text("#!/bin/sh\n# Written by the toolkit: changes here are overwritten\n")
    (tmp_path / "link").symlink_to("/etc/hostname")
    files = json.loads(installed(tmp_path, tmp_path / "missing").stdout)["files"]
    assert files == [
        {"path": f"{tmp_path}/check", "sha256": digest_of(tmp_path / "check"), "rendered": True},
        {"path": f"{tmp_path}/deep/er/miner", "sha256": digest_of(tmp_path / "deep/er/miner"), "rendered": False},
    ]
    if os.geteuid():
        (tmp_path / "deep/er").chmod(0)
        done = installed(tmp_path)
    else:
        (tmp_path / "deep/er").chmod(0o700)
        done = installed("deep", cwd=tmp_path, user=65534)
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.search(r"deep/er cannot be read: Permission denied$", done.stderr)
