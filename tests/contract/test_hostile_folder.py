"""Nothing in a customer's folder is executed, whatever is run on it: the folder is judged first."""

import subprocess

import pytest
from contract import ROOT, SEED, environment, write_customer

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("operator")


def run(folder, playbook="validate", *arguments, file="", **surroundings):
    """The playbook on the whole folder, as make deploy has it, or on one file of it."""
    command = ["ansible-playbook", "-i", folder / file, f"playbooks/{playbook}.yml", "-e", "destroy=acme", *arguments]
    where = {"cwd": ROOT, "env": environment(folder.parent) | surroundings}
    return subprocess.run(command, **where, text=True, capture_output=True, check=False)


def runs(home):
    """A template that leaves a file when it is evaluated."""
    return "{{ lookup('ansible.builtin.pipe', 'touch " + str(home / "pwned") + "') }}"


def must_be_refused(done, home, *places):
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    head, *errors = done.stderr.splitlines()
    assert head == "Refused, nothing was touched:"
    assert [error.removeprefix("* ").split(":")[0] for error in errors] == [str(place) for place in places]
    assert not (home / "pwned").exists()
    assert SEED not in done.stderr


@pytest.fixture(scope="module")
def templated(home):
    (home / "templated").mkdir()
    folder = write_customer(home / "templated/acme")
    with (folder / "group_vars/jitsi/main.yml").open("a") as file:
        file.write(f'jitsi_service_name: "{runs(home)}"\n')
    return folder


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_no_playbook_evaluates_a_template(templated, home, playbook):
    lines = (templated / "group_vars/jitsi/main.yml").read_text().count("\n")
    must_be_refused(run(templated, playbook), home, f"{templated}/group_vars/jitsi/main.yml, line {lines}")


def test_no_template_of_the_vault_is_evaluated(home):
    (home / "sealed").mkdir()
    folder = write_customer(home / "sealed/acme", {"jitsi_token_secret": runs(home)})
    must_be_refused(run(folder), home, f"{folder}/group_vars/jitsi/vault.yml, line 2")


@pytest.mark.parametrize(
    ("name", "line"),
    [("host_vars/localhost.yml", 0), ("group_vars/all.yml", 0), ("another.yml", 0), ("openstack.yml", 0),
     ("group_vars/jitsi/more.yml", 1), ("plan.yml", 1)],
)  # fmt: skip
def test_no_other_file_says_how_hosts_are_reached(home, tmp_path, name, line):
    folder = write_customer(tmp_path / "acme")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(
        f'plugin: ansible.builtin.constructed\nansible_connection: local\ncompose: {{x: "{runs(home)[3:-3]}"}}\n'
        if name == "openstack.yml"
        else f'jitsi: {{vars: {{x: "{runs(home)}"}}, hosts: {{acme-meet: }}}}\n'
    )
    done = run(folder)
    place = "host_vars" if name.startswith("host_vars") else name
    assert f"* {folder}/{place}{f', line {line}' if line else ''}: " in done.stderr
    must_be_refused(done, home, *(error[2:].split(":")[0] for error in done.stderr.splitlines()[1:]))


@pytest.mark.parametrize("name", ["plan.yml", "group_vars/jitsi/main.yml", "group_vars/jitsi/more.yml"])
def test_what_changes_after_it_was_judged_is_not_used(home, tmp_path, name):
    """By another inventory, which Ansible asks after the folder."""
    folder = write_customer(tmp_path / "acme")
    change = tmp_path / "change"
    change.write_text(f"""#!/bin/sh
cat >> '{folder / name}' <<'END'
jitsi_service_name: "{runs(home)}"
END
echo '{{"_meta": {{"hostvars": {{}}}}}}'
""")
    change.chmod(0o755)
    done = run(folder, "validate", "-i", change, ANSIBLE_INVENTORY_ENABLED="customer_folder,auto,yaml,script")
    assert done.returncode == 2
    assert done.stderr == (
        f"Refused, nothing was touched:\n* {folder}: a file of the folder changed while it was read. "
        "Fix: run the same again.\n"
    )
    assert not (home / "pwned").exists()


def test_what_changes_after_it_was_compared_is_not_used(home, tmp_path):
    """By a callback that Ansible asks after the one that compares: the settings are loaded by then."""
    folder = write_customer(tmp_path / "acme")
    main = folder / "group_vars/jitsi/main.yml"
    (tmp_path / "callbacks").mkdir()
    (tmp_path / "callbacks/change.py").write_text(f"""
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_NAME = "change"
    def v2_playbook_on_start(self, playbook):
        self.done = False

    def v2_playbook_on_play_start(self, play):
        if self.done:
            return
        self.done = True
        with open({str(main)!r}, "a") as file:
            file.write({f'jitsi_service_name: "{runs(home)}"'!r} + chr(10))
""")
    done = run(
        folder,
        "validate",
        file="plan.yml",
        ANSIBLE_CALLBACK_PLUGINS=f"{ROOT}/callback_plugins:{tmp_path}/callbacks",
        ANSIBLE_CALLBACKS_ENABLED="judged_folder,change",
    )
    assert "jitsi_service_name" in main.read_text()
    assert "nothing to refuse" in done.stdout
    assert not (home / "pwned").exists()


def test_without_openstack_yml_nothing_is_booted(home):
    """make deploy would otherwise pay for servers whose addresses it never learns."""
    (home / "blind").mkdir()
    folder = write_customer(home / "blind/acme")
    done = run(folder, "site")
    assert done.returncode == 2
    assert f"* {folder}/openstack.yml is missing: copy inventories/example-small/openstack.yml" in done.stdout
    assert "ok=0" in done.stdout.split("RECAP")[1]
