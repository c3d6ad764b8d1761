"""make releases, and what validate and plan ask the repository, against a signed repository on this machine."""

import gzip
import os
import re
import shutil
import socket

import pytest
import yaml
from contract import ROOT, SETTINGS, play, snapshot, write_customer
from release_repository import NEW, RELEASES, VERSIONS, Repository, entry
from signing import fingerprint, gpg, served

from toolkit.cli import jitsi_repository as repository_module
from toolkit.cli import releases as program


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    with served(folder) as url:
        yield Repository(folder, url)


@pytest.fixture
def repository(made):
    yield made
    made.publish()


@pytest.fixture
def catalogue(tmp_path, monkeypatch, repository):
    """A copy of the catalogue, whose repository is this one."""
    file = tmp_path / "catalog.yml"
    shutil.copy(ROOT / "group_vars/all/catalog.yml", file)
    monkeypatch.setattr(program, "CATALOGUE", file)
    monkeypatch.setattr(program, "ROOT", tmp_path)
    (tmp_path / "lab/packages").mkdir(parents=True)
    shutil.copy(ROOT / "lab/packages/releases", tmp_path / "lab/packages/releases")
    monkeypatch.setattr(program, "repository_of", lambda folder: repository.setting)
    return file


@pytest.fixture
def releases(catalogue, monkeypatch, capsys):
    """releases(words): what the program prints, or its sentence."""

    def run(*words):
        try:
            program.main(list(words))
        except SystemExit as end:
            return str(end.code)
        return capsys.readouterr().out

    return run


def question(repository, **changes):
    setting = repository.setting | changes
    return {"repository": setting, "release": "2.0.11146", "packages": VERSIONS["2.0.11146"]}


def test_the_table_says_what_belongs_together_and_what_is_known(releases):
    rows = {line.split()[0]: re.split(r"  +", line) for line in releases().splitlines() if line.startswith("2.0.")}
    assert list(rows) == ["2.0.10978", *RELEASES]
    for name, versions in VERSIONS.items():
        shown = [versions[part] for part in ("jitsi-meet-web", "jicofo", "jitsi-videobridge2", "jibri", "jigasi")]
        assert rows[name][1:7] == [RELEASES[name], *shown]
    assert rows["2.0.10978"][-1] == "in the catalogue, tested, not in the repository"
    assert [rows[name][7:] for name in RELEASES] == [
        ["in the catalogue, tested"],
        ["default, in the catalogue, tested"],
        [],
    ]


def test_packages_that_are_gone_are_named(releases, repository):
    jibri = VERSIONS["2.0.11031"]["jibri"]
    repository.publish(without=(f"jibri {jibri}", "jicofo 1.0-1200-1"))
    rows = {line.split()[0]: line for line in releases().splitlines() if line}
    assert rows["2.0.11031"].endswith(f"not in the repository: the catalogue's jibri {jibri}")
    # All that is left is younger: the oldest of it.
    assert VERSIONS["2.0.11146"]["jibri"] in rows["2.0.11031"]
    assert rows["2.0.11248"].endswith("incomplete: no jicofo in the repository")


def test_a_release_is_written_at_its_place_and_nothing_else_changes(releases, catalogue):
    whole = catalogue.read_text()
    first, last = whole.index("  2.0.11031:\n"), whole.index("  2.0.11146:\n")
    note = "  # A comment of the house about the next release.\n"
    catalogue.write_text(whole[:first] + note + whole[last:] + "\n# The end.\njitsi_word_of_the_house: 1\n")
    assert "2.0.11031 is in the catalogue" in releases("ADD=2.0.11031")
    assert catalogue.read_text() == (whole[:last] + note + whole[last:] + "\n# The end.\njitsi_word_of_the_house: 1\n")
    assert "The tests do not know it" in releases("ADD=2.0.11248")
    lines = "".join(f"    {name}: {version}\n" for name, version in NEW.items())
    assert catalogue.read_text() == (
        whole[:last] + note + whole[last:] + f"  2.0.11248:\n{lines}\n# The end.\njitsi_word_of_the_house: 1\n"
    )
    before = snapshot(catalogue.parent)
    assert releases("ADD=2.0.11248") == "2.0.11248 is in the catalogue already.\n"
    assert snapshot(catalogue.parent) == before


@pytest.mark.parametrize(
    ("words", "without", "sentence"),
    [
        (
            "ADD=2.0.99999",
            (),
            "2.0.99999 is no release that URL stable/ has (the newest there: 2.0.11248, 2.0.11146, 2.0",
        ),
        ("ADD=2.0.11248", ("jigasi",), "2.0.11248 is not complete, URL stable/ lacks its jigasi: add another release."),
        ("ADD=latest", (), "ADD is latest: write a release such as 2.0.11146."),
        ("elsewhere", (), "elsewhere is neither ADD=RELEASE nor a customer's folder with a plan.yml."),
    ],
)
def test_what_cannot_be_added_is_refused_in_a_sentence(releases, repository, catalogue, words, without, sentence):
    repository.publish(without)
    before = snapshot(catalogue.parent)
    said = releases(words)
    assert said.startswith(f"releases: {sentence.replace('URL', repository.url)}")
    assert "\n" not in said
    assert snapshot(catalogue.parent) == before


def test_an_interrupted_change_leaves_the_old_file(releases, catalogue, monkeypatch):
    before = snapshot(catalogue.parent)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        releases("ADD=2.0.11248")
    assert snapshot(catalogue.parent) == before


def test_a_file_of_another_form_is_not_changed(releases, catalogue):
    defaults = yaml.safe_load(catalogue.read_text())
    catalogue.write_text(yaml.safe_dump(defaults | {"jitsi_releases": {}}, default_flow_style=True))
    before = snapshot(catalogue.parent)
    assert "add the release under jitsi_releases by hand" in releases("ADD=2.0.11248")
    assert snapshot(catalogue.parent) == before


# --- trust, as apt has it


def test_a_binary_key_is_refused_because_apt_reads_armor_in_a_file_of_that_name(repository, tmp_path, capsys):
    key = tmp_path / "key.gpg"
    key.write_bytes(gpg(repository.home, "--export"))
    assert program.check(question(repository, key_file=str(key))) == 1
    assert capsys.readouterr().out == (
        f"jitsi_repository cannot be used: {key} is not an ASCII-armoured OpenPGP key: correct jitsi_repository.\n"
    )


def test_a_key_is_refused_unless_its_fingerprint_is_known(repository, capsys):
    known = fingerprint(repository.key)
    assert program.check(question(repository, key_fingerprints=[known])) == 0
    assert program.check(question(repository, key_fingerprints=["0" * 40])) == 1
    assert f"has key {known}, which is not in jitsi_repository.key_fingerprints" in capsys.readouterr().out


def foreign_key(repository, tmp_path):
    home = tmp_path / "foreign"
    home.mkdir(mode=0o700)
    gpg(home, "--quick-generate-key", "foreign", "ed25519", "sign", "never")
    repository.write("InRelease", gpg(home, "--clearsign", input=repository.release))
    return "the key of jitsi_repository did not sign it"


def changed_release(repository, tmp_path):
    repository.write("InRelease", repository.content("InRelease").replace(b"Suite: stable/", b"Suite: other/"))
    return "the key of jitsi_repository did not sign it"


def not_signed(repository, tmp_path):
    repository.write("InRelease", b"Suite: stable/\n")
    return "the key of jitsi_repository did not sign it"


def changed_packages(repository, tmp_path):
    """Shorter than before, so that no size gives it away."""
    name, version = "jicofo", VERSIONS["2.0.11146"]["jicofo"]
    repository.write("Packages.gz", gzip.compress(entry(name, version).encode()))
    return "Packages.gz is not what InRelease says"


def no_packages(repository, tmp_path):
    repository.sign("Suite: stable/\nSHA256:\n")
    return "stable/InRelease names no Packages.gz"


def endless_packages(repository, tmp_path):
    repository.list(b" " * (repository_module.LARGEST + 1))
    return "the package list has more than 64 MB when it is unpacked"


def missing(repository, tmp_path):
    (repository.folder / "stable/InRelease").unlink()
    return "stable/InRelease does not exist"


@pytest.mark.parametrize(
    "done", [foreign_key, changed_release, not_signed, changed_packages, no_packages, endless_packages, missing]
)
def test_what_apt_would_refuse_is_refused(repository, tmp_path, capsys, releases, done):
    reason = done(repository, tmp_path)
    assert program.check(question(repository)) == 1
    assert reason in capsys.readouterr().out
    assert reason in releases("ADD=2.0.11248")


def test_a_key_that_has_ended_is_named(tmp_path):
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    then = ("--faked-system-time", "20200601T000000")
    gpg(home, *then, "--quick-generate-key", "old", "ed25519", "sign", "2021-01-01")
    signed, key = gpg(home, *then, "--clearsign", input=b"Suite: stable/\n"), gpg(home, "--export")
    with pytest.raises(repository_module.UntrustedError, match="the key of jitsi_repository has ended"):
        repository_module.signed_text(signed, key)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/stable/InRelease"])
def test_nothing_but_http_and_https_is_opened(url):
    with pytest.raises(repository_module.UnavailableError, match="unknown url type"):
        repository_module.read(url)


# --- what validate and plan ask


def test_a_release_the_repository_has_is_accepted(repository, capsys):
    assert program.check(question(repository)) == 0
    assert capsys.readouterr().out == f"{repository.url} stable/ has the packages of 2.0.11146.\n"


def test_what_cannot_be_asked_is_said_and_not_refused(repository, capsys):
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    nowhere = question(repository, url=closed)
    assert program.check(nowhere) == os.EX_UNAVAILABLE
    said = capsys.readouterr().out
    assert said.startswith(f"Not checked whether {closed} stable/ has the packages of 2.0.11146: {closed}/stable/InRel")
    assert said.count("\n") == 1


def test_a_repository_that_never_answers_holds_nothing_up(repository, capsys, monkeypatch):
    monkeypatch.setattr(program, "DEADLINE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert program.check(question(repository, url=mute)) == 69
        assert "no answer within 0.2 seconds" in capsys.readouterr().out


def test_without_gpgv_nothing_is_trusted_and_nothing_refused(repository, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert program.check(question(repository)) == os.EX_UNAVAILABLE
    assert "gpgv is missing: apt-get install gpgv" in capsys.readouterr().out


def test_a_release_without_packages_is_refused_before_anything_is_touched(repository, tmp_path):
    repository.publish(without=("jicofo 1.0-1189-1", "jibri"))
    folder = write_customer(tmp_path / "acme", SETTINGS | {"jitsi_repository": repository.setting})
    before = snapshot(folder)
    done = play(folder, "plan")
    assert done.returncode != 0
    # The plan has no recorder, so that nobody misses jibri.
    assert (
        f"* jitsi_release is 2.0.11146, of which {repository.url} stable/ does not have jicofo 1.0-1189-1 "
        "(it has 1.0-1200-1, 1.0-1183-1): write a release that `make releases` lists."
    ) in done.stdout
    assert snapshot(folder) == before


def test_the_repository_of_a_customer_is_asked(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("JITSI_VAULT_PASSWORD_FILE", str(tmp_path / "vault-password"))
    templated = {"suite": "stable/", "key_file": "{{ inventory_dir }}/key.asc", "url": repository.url}
    folder = write_customer(tmp_path / "acme", SETTINGS | {"jitsi_repository": templated})
    assert program.repository_of(folder) == templated | {"key_file": f"{folder}/key.asc"}


def test_a_relative_key_of_a_customers_repository_is_in_the_customers_folder(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("JITSI_VAULT_PASSWORD_FILE", str(tmp_path / "vault-password"))
    key = shutil.copy(repository.setting["key_file"], tmp_path / "key.asc")
    folder = write_customer(
        tmp_path / "acme", SETTINGS | {"jitsi_repository": repository.setting | {"key_file": "../key.asc"}}
    )
    assert program.repository_of(folder)["key_file"] == str(key)
    done = play(folder, "validate")
    assert done.returncode == 0, done.stdout
    assert f"{repository.url} stable/ has the packages of 2.0.11146." in done.stdout
