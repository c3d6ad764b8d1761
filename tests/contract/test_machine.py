"""make on the machines operators have: paths with blanks, shared folders, the locale of cron, any value on the line."""

import json
import shlex
import shutil
import subprocess

import pytest
import yaml
from contract import AWAY, ROOT, SETTINGS, environment, write_customer

# What shells and make take for their own, and what must reach the file as it was written.
NASTY = 'it\'s; touch pwned & touch pwned $(touch pwned) `touch pwned` $HOME ${HOME} $$ "x" #\\ | > pwned'
MAKES = "$(shell touch pwned)"
FILLED = {
    "NAME": "acme",
    "DOMAIN": "meet.acme.example",
    "PLAN": "campus",
    "CLOUD": "mycloud",
    "REGION": "RegionOne",
    "EMAIL": "it@acme.example",
    "IMPRINT": "https://www.acme.example/imprint?a=1&b=2;c=(id)",
    "PRIVACY": "https://www.acme.example/privacy?o=%24hara",
    "MODERATORS": "anna, bernd",
    "IMAGE": f"Debian 12 {NASTY} {MAKES}",
    "NETWORK": "the cloud's public network",
    "FLAVOR_MEET": "m1 medium",
    "FLAVOR_VIDEOBRIDGE": "m1.large",
    "FLAVOR_TURN": "m1.small",
}
LOCALES = [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LANG": "xx_XX.UTF-8"}, {"LANG": "C.UTF-8", "LC_TIME": "xx_XX.UTF-8"}]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of this checkout whose path has what a shell would trip over, writable for everybody."""
    path = tmp_path_factory.mktemp("machine") / "my checkout, o'hara & co"
    path.mkdir()
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    subprocess.run(["xargs", "-0", "cp", "-P", "--parents", "-t", path], input=files, cwd=ROOT, check=True)
    for made in (".venv", ".tools", "collections"):
        (path / made).symlink_to(ROOT / made)
    path.chmod(0o777)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A customer folder outside the checkout, with credentials of its own."""
    there = tmp_path_factory.mktemp("customers") / 'my customers, o\'hara & "co" 100%h'
    there.mkdir()
    customer = write_customer(there / "acme 1", SETTINGS | {"jitsi_service_name": "Müllers Gespräche"})
    (customer / "clouds.yaml").write_text(json.dumps({"clouds": {"mycloud": AWAY}}))
    return customer


@pytest.fixture
def make(checkout, folder):
    """Runs make there, in an environment without a locale and Ansible's settings; no value may have been executed."""

    def run(*words, **variables):
        own = environment(folder.parent).items()
        clean = {k: v for k, v in own if k not in ("LANG", "ANSIBLE_CONFIG") and k[:3] != "LC_"}
        done = subprocess.run(
            ["make", *words], cwd=checkout, env=clean | variables, text=True, capture_output=True, check=False
        )
        assert not list(checkout.glob("pwned*")), done.stdout
        return done

    return run


def ends_well(done, sentence):
    assert done.returncode == 0, done.stdout + done.stderr
    assert sentence in done.stdout
    assert "world writable" not in done.stdout + done.stderr


def test_each_value_of_a_new_customer_arrives_as_written(make, tmp_path):
    folder = tmp_path / "my customers' folder" / "acme"
    folder.parent.mkdir()
    done = make("new-customer", *(f"{k}={v}" for k, v in FILLED.items()), f"DIR={folder}")
    ends_well(done, shlex.quote(f"CUSTOMER={folder}"))
    chosen = yaml.safe_load((folder / "group_vars/jitsi/main.yml").read_text())
    assert chosen["jitsi_imprint_url"] == FILLED["IMPRINT"]
    assert chosen["jitsi_privacy_url"] == FILLED["PRIVACY"]
    assert chosen["jitsi_moderators"] == ["anna", "bernd"]
    assert chosen["cloud_image"] == FILLED["IMAGE"]
    assert chosen["cloud_external_network"] == FILLED["NETWORK"]
    assert chosen["cloud_flavors"]["meet"] == FILLED["FLAVOR_MEET"]


def test_a_template_in_a_value_of_a_new_customer_is_refused(make, tmp_path):
    given = FILLED | {"IMAGE": "{{ lookup('pipe', 'touch pwned') }}", "DIR": tmp_path / "acme"}
    done = make("new-customer", *(f"{k}={v}" for k, v in given.items()))
    assert "new-customer: IMAGE has {{, which Ansible would evaluate: write a plain value." in done.stderr
    assert not (tmp_path / "acme").exists()


def test_plan_works_in_any_checkout_on_any_folder(make, folder):
    ends_well(make("plan", f"CUSTOMER={folder}"), "floating IP of acme-meet")
    assert (folder / "state/topology.mmd").is_file()


def test_a_customer_folder_of_the_checkout_is_found_by_its_name(make, checkout, folder):
    shutil.copytree(folder, checkout / f"inventories/the {MAKES}'s")
    ends_well(make("validate", CUSTOMER=f"the {MAKES}'s"), "acme: nothing to refuse")


def test_the_printed_line_works_without_make(make, checkout, folder):
    arguments = "--limit 'acme-meet,localhost' -e 'note=\"two words; $(touch pwned)\"'"
    done = make("validate", f"CUSTOMER={folder}", f"ARGS={arguments}")
    ends_well(done, "acme: nothing to refuse; plan office, 4 servers")
    (line,) = [line.removeprefix("+ ") for line in done.stdout.splitlines() if line.startswith("+ ")]
    assert shlex.split(line)[0] == f"OS_CLIENT_CONFIG_FILE={folder}/clouds.yaml"
    again = subprocess.run(
        ["bash", "-c", f". scripts/environment; {line}"],
        cwd=checkout, env=environment(folder.parent), text=True, capture_output=True, check=False,
    )  # fmt: skip
    ends_well(again, "acme: nothing to refuse")
    assert not (checkout / "pwned").exists()


def test_ansibles_own_output_goes_to_a_log_or_with_verbose_to_the_terminal(make, folder):
    shown = make("validate", f"CUSTOMER={folder}")
    log = folder / "state/run.log"
    assert shown.stdout.endswith(f"\nFull log: {log}\n")
    assert "PLAY RECAP" in log.read_text()
    assert "PLAY RECAP" not in shown.stdout
    log.unlink()
    whole = make("validate", f"CUSTOMER={folder}", "VERBOSE=1")
    ends_well(whole, "acme: nothing to refuse; plan office, 4 servers")
    assert "PLAY RECAP" in whole.stdout
    assert "==== 0:0" in whole.stdout
    assert not log.exists()


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: ",".join(map("=".join, locale.items())))
def test_verbs_work_in_any_locale(make, folder, locale):
    ends_well(make("validate", f"CUSTOMER={folder}", **locale), "acme: nothing to refuse")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["validate", "CUSTOMER=no where"],
            "make: no customer folder inventories/no where or no where with a plan.yml.",
        ),
        (["validate", "CUSTOMER=no\nwhere"], "CUSTOMER has a line break: write it on one line"),
        (["users", "CUSTOMER=example-small", "NAME=anna\ntouch pwned"], "NAME has a line break: write it on one line"),
        (["validate", "CUSTOMER=example-small", "ARGS=--limit 'x"], "ARGS has a quote that does not end"),
        (["users", "CUSTOMER=example-small", f"NAME={MAKES}"], 'NAME is "$(shell touch pwned)": write a login name'),
        (["users", "CUSTOMER=example-small", f"NAME={NASTY}"], "NAME is \"it's; touch pwned & touch pwned"),
        (["users", "CUSTOMER=example-small", f"ACTION={NASTY}"], f"ACTION is {NASTY}: write one of list, "),
    ],
)
def test_what_makes_no_sense_is_refused_and_never_executed(make, words, sentence):
    done = make(*words)
    assert done.returncode == 2
    assert sentence in done.stderr


def test_users_takes_no_name_from_the_environment(make, folder):
    """Windows' subsystem for Linux sets NAME."""
    done = make("users", f"CUSTOMER={folder}", NAME="DESKTOP-1", ACTION="remove", LC_ALL="C")
    ends_well(done, "2 moderators, 10 seats in plan office")
