"""A customer's folder is data: what is refused before Ansible reads it, each with file, line and fix."""

import os
from pathlib import Path

import pytest

from toolkit import yaml_data
from toolkit.customer_folder import LISTED, MOST_FILES, MOST_HOSTS, errors, is_customer_folder

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "inventories").glob("example-*"))
MAIN, VAULT = "group_vars/jitsi/main.yml", "group_vars/jitsi/vault.yml"
PLAN = "jitsi: {children: {meet: {hosts: {acme-meet: }}}}\n"
RUNS = "{{ lookup('pipe', 'touch pwned') }}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A tidy folder, at a short path."""
    monkeypatch.chdir(tmp_path)
    write("plan.yml", PLAN)
    write(MAIN, "jitsi_customer: acme\n")
    return Path("acme")


def write(name, content):
    file = Path("acme") / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def said(folder, decrypt=None):
    return [str(error) for error in errors(folder, decrypt)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_have_no_error(example):
    assert errors(example) == []


@pytest.mark.parametrize(
    "text",
    [
        f"jitsi_service_name: \"{RUNS}\"\n",
        f"jitsi_texts: {{de: {{welcome_title: \"{RUNS}\"}}}}\n",
        f"jitsi_moderators: [anna, \"{RUNS}\"]\n",
        f"jitsi_plans: {{\"{RUNS}\": 1}}\n",
        f"jitsi_logo_file: \"{{{{ inventory_dir }}}}/{RUNS}\"\n",
        "jitsi_logo_file: \"x{{ inventory_dir }}/logo.svg\"\n",
        "jitsi_logo_file: \"{{ inventory_dir | upper }}/logo.svg\"\n",
        "jitsi_logo_file: \"{{ inventory_dir }}logo.svg\"\n",
        "jitsi_logo_file: \"{{ jitsi_seed }}/logo.svg\"\n",
        "jitsi_service_name: 'a{#x#}y'\n",
        "jitsi_service_name: '{% if 1 %}x{% endif %}'\n",
        "jitsi_unknown: '{{ jitsi_seed }}'\n",
        "jitsi_service_name: |\n  a\n  {{ 7 * 7 }}\n",
        "jitsi_service_name: \"\\x7b{ 7 * 7 }}\"\n",
    ],
)  # fmt: skip
def test_a_template_is_refused(folder, text):
    write(MAIN, f"jitsi_customer: acme\n{text}")
    (sentence,) = said(folder)
    assert sentence.startswith(f"acme/{MAIN}, line 2: jitsi_")
    assert "which Ansible would evaluate. Fix: write a plain value" in sentence
    assert "lookup" not in sentence or "jitsi_plans" in sentence


@pytest.mark.parametrize("path", ["{{ inventory_dir }}/a.svg", "{{inventory_dir}}", "{{ jitsi_state_dir }}/../ca.crt"])
def test_a_path_may_begin_with_the_customers_folder_or_the_runs(folder, path):
    write(MAIN, f"jitsi_logo_file: '{path}'\n")
    assert said(folder) == []


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (MAIN, "jitsi_a: 1\nansible_connection: local\n", "line 2: ansible_connection is no setting. Fix: docs"),
        (MAIN, "jtisi_domain: x\n", "line 1: jtisi_domain is no setting. Fix: write jitsi_domain."),
        (MAIN, "prosody_rules: {}\n", "line 1: prosody_rules is no setting. Fix: docs/settings.md lists all there"),
        (MAIN, "aB3+s3cr3t/s3cr3ts3cr3ts3cr3t: x\n", "line 1: this is no setting. Fix: docs/settings.md lists"),
        (MAIN, "jitsi_a: 1\njitsi_stream_word: x\n", "line 2: jitsi_stream_word is now jitsi_stream_viewer_pass"),
        ("group_vars/jitsi/more.yml", "jitsi_log_days: 3\n", "line 1: jitsi_log_days is now jitsi_log_retention_days."),
        (MAIN, "jitsi_a: 1\njitsi_a: 2\n", "line 2: jitsi_a stands here a second time. Fix: remove one of them."),
        (MAIN, "jitsi_a: {{ x }}\n", "line 1: braces begin a mapping here. Fix: write a text that begins with { in"),
        (MAIN, "[a]: {{ x }}\n", "line 1: brackets begin a list here. Fix: write a text that begins with [ in"),
        (MAIN, "jitsi_a: &x [1]\njitsi_b: *x\n", "line 2: an alias (*) stands for another place. Fix: write the value"),
        (MAIN, "jitsi_a: !!python/object:os.system x\n", "line 1: the tag tag:yaml.org,2002:python/object:"),
        (MAIN, "jitsi_a: !unsafe x\n", "line 1: the tag !unsafe is unknown. Fix: write the value without it."),
        (MAIN, "jitsi_a: a: b\n", "line 1: this is no YAML (mapping values are not allowed in this context). Fix:"),
        (MAIN, "jitsi_a: 1\n---\njitsi_b: 1\n", "line 2: this is no YAML (but found another document). Fix: mend"),
        (MAIN, b"jitsi_a: 1\njitsi_b: \xff\n", "line 2: this is no UTF-8. Fix: save the file as UTF-8."),
        (MAIN, "jitsi_a: \x01\n", ": this is no YAML (there are characters that YAML does not have). Fix: mend"),
        (MAIN, "- acme\n", "line 1: this is no mapping of names to values. Fix: write NAME: VALUE."),
        (MAIN, "jitsi_a: " + "[" * 5000, "line 1: this is nested more than 20 levels deep. Fix: no setting is."),
        (MAIN, "jitsi_a: [" + "1," * 30000 + "]", "line 1: there are more than 20000 values in the file. Fix: keep"),
        (MAIN, "jitsi_a: " + "x" * 300_000, ": the file has more than 256 kB. Fix: keep settings only in it."),
        ("group_vars/all.yml", "jitsi_a: 1\n", ": a customer has settings in group_vars/jitsi alone. Fix: move them"),
        ("group_vars/meet/x.yml", "jitsi_a: 1\n", ": a customer has settings in group_vars/jitsi alone. Fix: move"),
        ("host_vars/localhost.yml", "jitsi_a: 1\n", ": a customer has settings in group_vars/jitsi alone. Fix: move"),
        ("group_vars/jitsi/sub/x.yml", "jitsi_a: 1\n", ": this is no regular file. Fix: put one there."),
        ("group_vars/jitsi/x.json", "{}\n", ": a file of settings is called NAME.yml. Fix: rename it, or move"),
        ("group_vars/jitsi/x", "jitsi_a: 1\n", ": a file of settings is called NAME.yml. Fix: rename it, or move"),
        ("extra.yml", "all:\n", ": Ansible would read hosts from it. Fix: move it into a folder, or delete it."),
        ("plan.yml", "jitsi: {vars: {a: 1}}\n", "line 1: group jitsi has vars, and may have hosts and children. Fix:"),
        ("plan.yml", "jitsi:\n  hosts:\n    a: {ansible_host: x}\n", "line 3: a has variables, and a plan has names"),
        ("plan.yml", "jitsi: {hosts: {'a:2222': }}\n", "line 1: a:2222 is no name of a host. Fix: write NAME, or"),
        ("plan.yml", "jitsi: {hosts: {'a[1:2000000]': }}\n", " is no name of a host. Fix: write NAME, or NAME-"),
        ("plan.yml", "jitsi: {hosts: {'a[1:2000]': }}\n", ": there are 2000 hosts, more than 300. Fix: write as"),
        ("plan.yml", f"jitsi: {{hosts: {{\"{RUNS}\": }}}}\n", " is no name of a host. Fix: write NAME, or NAME-[1:4]"),
        ("plan.yml", "jitsi: [a]\n", "line 1: jitsi is no group. Fix: write {hosts: {NAME: }}."),
        ("plan.yml", "jitsi: [\n", "line 2: this is no YAML (did not find expected node content). Fix: mend the line."),
    ],
)  # fmt: skip
def test_what_is_no_data_of_a_customers_is_refused(folder, name, content, sentence):
    write(name, content)
    (only,) = said(folder)
    assert sentence in only
    assert only.startswith("acme/")
    assert len(only) < 400


@pytest.mark.parametrize("place", ["group_vars", "group_vars/jitsi", MAIN, "plan.yml", "group_vars/jitsi/more.yml"])
def test_a_link_is_refused(folder, tmp_path, place):
    """Wherever it leads: what was judged is what is read."""
    elsewhere = tmp_path / "elsewhere"
    if (folder / place).exists():
        (folder / place).rename(elsewhere)
    else:
        elsewhere.write_text("jitsi_a: a secret of somebody's\n")
    (folder / place).symlink_to(elsewhere)
    (sentence,) = said(folder)
    assert sentence.startswith(f"acme/{place}: ")
    assert "link" in sentence
    assert "secret of somebody" not in sentence


def test_a_folder_without_a_plan_is_a_customers_all_the_same(folder):
    (folder / "plan.yml").unlink()
    assert not is_customer_folder(folder)
    write("openstack.yml", (ROOT / "inventories/example-small/openstack.yml").read_text())
    assert is_customer_folder(folder)
    assert "acme/plan.yml: the file cannot be read (No such file or directory)." in said(folder)[0]
    (folder / "openstack.yml").unlink()
    (folder / "plan.yml").symlink_to("nowhere")
    assert is_customer_folder(folder)
    assert said(folder)[0].startswith("acme/plan.yml: this is a link")


def test_a_folder_that_is_a_link_itself_is_fine(folder):
    Path("inventories").symlink_to(folder)
    assert errors(Path("inventories")) == []


def test_a_fifo_does_not_hold_up_the_run(folder):
    os.mkfifo(folder / "group_vars/jitsi/more.yml")
    assert said(folder) == ["acme/group_vars/jitsi/more.yml: this is no regular file. Fix: put one there."]


def test_what_is_encrypted_is_judged_as_the_rest_and_not_quoted(folder):
    def decrypt(content):
        if content.endswith(b"another password"):
            raise ValueError
        return b"jitsi_seed: '{{ 7 * 7 }} and a secret'\n" if b"file" in content else b"a{# secret #}b"

    write(VAULT, "$ANSIBLE_VAULT;1.1;AES256\nfile")
    (sentence,) = said(folder, decrypt)
    assert sentence.startswith(f"acme/{VAULT}, line 1: jitsi_seed has {{{{")
    assert "secret" not in sentence
    write(VAULT, "$ANSIBLE_VAULT;1.1;AES256\nfile, another password")
    assert said(folder, decrypt) == []
    assert said(folder) == []
    write(MAIN, "jitsi_token_secret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  value\n")
    (sentence,) = said(folder, decrypt)
    assert sentence.startswith(f"acme/{MAIN}, line 1: jitsi_token_secret has {{{{")


@pytest.fixture
def cloud(folder):
    """Writes openstack.yml of the example with one thing changed."""
    text = (ROOT / "inventories/example-small/openstack.yml").read_text()

    def change(old, new):
        assert old in text
        write("openstack.yml", text.replace(old, new))
        return said(folder)

    return change


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("server_id: openstack.id", f"server_id: \"{RUNS[3:-3]}\"", "what is asked of the cloud is not what"),
        ("compose:", "groups: {meet: true}\ncompose:", "what is asked of the cloud is not what"),
        ("plugin: openstack.cloud.openstack", "plugin: ansible.builtin.constructed", "what is asked of the cloud"),
        ("[lab]", "[lab, another]", "only_clouds or server_filters does not name one"),
        ("[lab]", f"[\"{RUNS}\"]", "what is asked of the cloud is not what"),
        ("metadata: {customer: example-small}", "name: x", "only_clouds or server_filters does not name one"),
        ("{customer: example-small}", "{customer: [a]}", "only_clouds or server_filters does not name one"),
    ],
)  # fmt: skip
def test_what_is_asked_of_the_cloud_is_the_toolkits_own(cloud, old, new, what):
    write(MAIN, "jitsi_customer: example-small\n")
    (sentence,) = cloud(old, new)
    assert sentence.startswith(f"acme/openstack.yml: {what}")
    assert "Fix: copy inventories/example-small/openstack.yml" in sentence


def test_cloud_and_customer_are_the_chosen_ones(cloud):
    assert cloud("example-small", "acme") == []
    write(MAIN, "jitsi_customer: acme\ncloud_name: mycloud\n")
    assert cloud("[lab]", "[mycloud]") == [
        "acme/openstack.yml: example-small is asked for, and jitsi_customer is another. Fix: write the same in both."
    ]
    assert cloud("example-small", "acme") == [
        "acme/openstack.yml: lab is asked for, and cloud_name is another. Fix: write the same in both."
    ]


def test_a_list_as_a_name_is_refused_with_what_is_asked_of_the_cloud_beside_it(cloud):
    """openstack.yml is compared with the settings whatever is wrong with them."""
    write(MAIN, "[a]: x\n")
    (sentence,) = cloud("[lab]", "[mycloud]")
    assert sentence.startswith(f"acme/{MAIN}, line 1: brackets begin a list here.")


@pytest.mark.parametrize("nothing", ["", "null", "~", "{}"])
def test_a_host_has_nothing_behind_its_name(folder, nothing):
    write(
        "plan.yml", f"jitsi:\n  children:\n    meet:\n      hosts:\n        acme-meet: {nothing}\n    turn: {nothing}\n"
    )
    assert said(folder) == []


def test_as_many_hosts_as_a_plan_may_have(folder):
    write("plan.yml", f"jitsi: {{hosts: {{'a-[1:{MOST_HOSTS}]': }}}}\n")
    assert said(folder) == []


def test_many_files_and_many_errors_are_cut_short(folder):
    write(MAIN, "".join(f"a{number}: 1\n" for number in range(5000)))
    assert len(said(folder)) == LISTED
    for number in range(MOST_FILES + 1):
        write(f"group_vars/jitsi/{number}.yml", "")
    assert said(folder) == [
        f"acme/group_vars/jitsi: there are more than {MOST_FILES} files. Fix: put settings together."
    ]


def test_the_largest_example_is_far_from_the_limits():
    sizes = [file.stat().st_size for example in EXAMPLES for file in example.glob("group_vars/jitsi/*.yml")]
    assert max(sizes) * 10 < yaml_data.BYTES
