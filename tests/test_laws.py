"""The architecture, asserted over what is tracked. A law that finds nothing to judge fails as well."""

import ast
import functools
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.plugins.inventory import detect_range, expand_hostname_range
from jinja2 import Environment, meta
from jsonschema import Draft202012Validator
from reading_ansible import Anything, Lenient
from task_names import tasks_of

import toolkit.settings
from filter_plugins.toolkit import FILTERS
from toolkit.machines import KINDS
from toolkit.sandbox.sandbox_page import sandbox_page, scores_of
from toolkit.settings.documents import DOCUMENTS, EDITOR
from toolkit.settings.schema import defaults, former_names, parts, secrets, whole
from toolkit.settings.setting_errors import setting_errors

ROOT = Path(__file__).parent.parent
# Untracked files count, ignored ones do not: a law is known before the commit.
LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    text=True,
    capture_output=True,
    check=True,
)
FILES = [
    Path(name) for name in LISTED.stdout.splitlines() if (ROOT / name).is_file() and not (ROOT / name).is_symlink()
]
ROLES = sorted({path.parts[1] for path in FILES if path.parts[0] == "roles"})
FILTERS_BY_NAME = {name: package for package, names in FILTERS.items() for name in names.split()}
WIRING = sorted(path for path in FILES if path.parts[0] == "group_vars" and path.parts[1] != "all")
EXAMPLES = sorted({path.parts[1] for path in FILES if path.match("inventories/example-*/*") and len(path.parts) == 3})

# What Ansible itself brings into every template.
MAGIC = {
    "ansible_check_mode",
    "ansible_facts",
    "ansible_managed",
    "ansible_playbook_python",
    "dict",
    "inventory_hostname",
}
MAGIC |= {"item", "lookup", "namespace", "now", "omit", "query", "range", "role_path", "undef"}
# Where a task holds an expression, or several, without braces.
EXPRESSIONS = ("when", "that", "until", "failed_when", "changed_when")


def read(path):
    return (ROOT / path).read_text()


def load(path):
    return Lenient(read(path)).get_single_data()


def of(role, folder, *suffixes):
    """Files of one folder of a role."""
    base = Path("roles") / role / folder
    return [path for path in FILES if path.is_relative_to(base) and (not suffixes or path.suffix in suffixes)]


def task_files():
    return [
        path
        for path in FILES
        if path.suffix == ".yml"
        and (path.parts[0] == "playbooks" or (path.parts[0] == "roles" and path.parts[2] in ("tasks", "handlers")))
    ]


@functools.cache
def specs(role):
    """What a role's entry points say of their inputs."""
    return load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]


def options(role, entry=None):
    """Options of a role: of one entry point, or of all together."""
    chosen = [specs(role)[entry]] if entry else specs(role).values()
    return {name: option for spec in chosen for name, option in (spec.get("options") or {}).items()}


SETTINGS = whole()["properties"]
CATALOGUES = load("group_vars/all/catalog.yml")


def test_something_is_judged():
    assert ROLES
    assert FILTERS_BY_NAME
    assert WIRING
    assert EXAMPLES
    assert task_files()


# --- where things stand


def test_no_line_of_the_telephone_has_the_port_of_another_daemon():
    """However many lines are chosen, on a machine that may have all other groups as well."""
    menu = load("roles/dial_in_ivr/vars/main.yml")["__dial_in_ivr_settings"]
    most = SETTINGS["jitsi_dial_in_lines"]["maximum"]
    first, control = menu["first_sip_port"], menu["first_control_port"]
    assert load("roles/sip_server/vars/main.yml")["__sip_server_first_line"] == first
    lines = {*range(first, first + 2 * most), *range(control, control + most)}
    matrix = load("group_vars/jitsi/firewall.yml")["firewall_offer"].values()
    offered = [str(row.get("port", 0)).split("-") for group in matrix for row in group.get("ingress", [])]
    others = {port for ends in offered for port in range(int(ends[0]), int(ends[-1]) + 1)}
    # Prosody's for other servers and for components, which it has without being told.
    others |= {5269, 5347}
    for role in set(ROLES) - {"dial_in_ivr", "sip_server"}:
        for folder in ("defaults", "vars", "templates", "files"):
            for path in of(role, folder, ".yml", ".j2", ".lua", ""):
                others |= {int(number) for number in re.findall(r"(?<![\w./-])\d{4,5}(?![\w/])", read(path))}
    assert {5222, 5280, 8888} <= others
    assert sorted(lines & others) == []
    # What the system gives to whoever asks for a port, any port.
    assert max(lines) < 32768


def test_playbooks_see_the_toolkits_group_vars():
    link = ROOT / "playbooks" / "group_vars"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "group_vars"


def test_examples_and_molecules_topologies_are_one_to_one():
    scenarios = {path.parts[1] for path in FILES if path.match("molecule/*/molecule.yml")}
    assert scenarios == {example.removeprefix("example-") for example in EXAMPLES}


def topology_hosts(name):
    """Which hosts a topology's groups have, without the topology's name in front."""
    children = yaml.safe_load(read(f"inventories/example-{name}/plan.yml"))["jitsi"]["children"]
    return {
        group: {
            host.removeprefix(f"example-{name}-")
            for written in there["hosts"]
            for host in (expand_hostname_range(written) if detect_range(written) else [written])
        }
        for group, there in children.items()
    }


def topologies_tried():
    """Topology and Debian release of each that scripts/test runs."""
    return re.findall(r"^  echo scripts/test-topology (\S+) (\d+)", read("scripts/test"), re.MULTILINE)


def topologies_on_servers():
    """What the end-to-end run deploys."""
    return set(re.findall(r"inventories/example-(\w+)", read("scripts/e2e")))


def test_every_topology_is_tried():
    """By itself, as a part of a larger one, or on servers by the end-to-end run."""
    scenarios = {path.parts[1] for path in FILES if path.match("molecule/*/molecule.yml")} - topologies_on_servers()
    tried = {name for name, _ in topologies_tried()}
    assert tried <= scenarios
    known = [topology_hosts(name) for name in tried]

    def is_part(hosts):
        return any(all(own <= larger.get(group, set()) for group, own in hosts.items()) for larger in known)

    assert [name for name in sorted(scenarios - tried) if not is_part(topology_hosts(name))] == []


def test_every_group_is_tried_in_check_mode():
    base = yaml.safe_load(read(".config/molecule/config.yml"))["scenario"]["test_sequence"]
    checked = set()
    for name, _ in topologies_tried():
        if "check" in yaml.safe_load(read(f"molecule/{name}/molecule.yml"))["scenario"].get("test_sequence", base):
            checked |= set(topology_hosts(name))
    assert checked == set(topology_hosts("full"))


def test_every_group_is_tried_on_both_debians():
    """By the topologies, and by the end-to-end run, whose servers have the example's image."""
    runs = topologies_tried()
    for example in topologies_on_servers():
        chosen = yaml.safe_load(read(f"inventories/example-{example}/group_vars/jitsi/main.yml"))
        runs.append((example, chosen["cloud_image"].removeprefix("debian-")))
    tried = {}
    for example, debian in runs:
        for group in topology_hosts(example):
            tried.setdefault(group, set()).add(debian)
    assert [group for group, debians in tried.items() if debians != {"12", "13"}] == []


def test_the_default_release_is_the_newest_that_the_tests_know():
    rows = [line.split() for line in (ROOT / "lab/packages/releases").read_text().splitlines() if line[0] != "#"]
    for release, _, web, jicofo, bridge, recorder, gateway in rows:
        assert CATALOGUES["jitsi_releases"][release] == {
            **dict.fromkeys(("jitsi-meet-web", "jitsi-meet-web-config", "jitsi-meet-prosody"), web),
            "jicofo": jicofo,
            "jitsi-videobridge2": bridge,
            "jibri": recorder,
            "jigasi": gateway,
        }
    assert defaults()["jitsi_release"] == max((row[0] for row in rows), key=lambda name: [*map(int, name.split("."))])


def test_groups_are_the_same_everywhere():
    """Settings, firewall matrix, catalogue of plans and wiring speak of the machines in the table of their kinds."""
    groups = [kind.group for kind in KINDS]
    assert load("roles/customer/vars/main.yml")["__customer_groups"] == groups
    matrix = load("group_vars/jitsi/firewall.yml")["firewall_offer"]
    assert set(matrix) - {"jitsi"} == set(groups)
    assert {path.parts[1] for path in WIRING} - {"jitsi"} <= set(groups)
    needed = [kind for kind in KINDS if not kind.optional]
    machines = SETTINGS["jitsi_plans"]["additionalProperties"]["properties"]["machines"]
    for plan in (machines["properties"], *(plan["machines"] for plan in CATALOGUES["jitsi_plans"].values())):
        assert list(plan) == machines["required"] == [kind.group for kind in needed]
    for setting in ("cloud_flavors", "cloud_volume_gb"):
        assert list(SETTINGS[setting]["properties"]) == [kind.name for kind in KINDS]
        assert SETTINGS[setting]["required"] == [kind.name for kind in needed]
    flavors = SETTINGS["cloud_flavors"]["properties"]
    sized = [kind for kind in KINDS if kind.least]
    # How large a bridge must be depends on how many people there are.
    assert [kind.name for kind in needed if kind not in sized] == ["videobridge"]
    assert [kind.name for kind in sized if f"At least {kind.least}." not in flavors[kind.name]["description"]] == []
    open_to_others = {
        group for group, rules in matrix.items() if any(rule["peer"] not in matrix for rule in rules.get("ingress", []))
    }
    assert open_to_others - {"jitsi"} == {kind.group for kind in KINDS if kind.public}


def test_daemons_read_their_files_whatever_became_of_the_run_before():
    """A handler is forgotten with the run that notified it; the action daemon looks at the files themselves."""
    allowed = {"Present the new certificate"}  # by hand and at night, too: each daemon's role looks again
    handlers = [t["name"] for p in task_files() if "handlers" in p.parts for t in tasks_of(load(p))]
    assert set(handlers) <= allowed
    by_hand = [
        f"{path}: {task['name']}"
        for path in task_files()
        for task in tasks_of(load(path))
        for unit in [task.get("ansible.builtin.systemd_service") or {}]
        if unit.get("state") in ("started", "restarted", "reloaded")
    ]
    assert by_hand == []


# --- three voices


def test_every_setting_is_required_or_secret_or_has_a_default():
    """A secret has no default, so that its absence is seen."""
    assert set(load("group_vars/all/settings.yml")) == set(defaults())
    for name in SETTINGS:
        kinds = [name in whole()["required"], name in defaults() or name in CATALOGUES]
        assert kinds.count(True) == 1 or (name in secrets() and not kinds[1]), name


@pytest.mark.parametrize("example", EXAMPLES)
def test_editors_have_nothing_to_mark_in_the_examples(example):
    chosen = load(f"inventories/{example}/group_vars/jitsi/main.yml")
    assert [error.message for error in Draft202012Validator(json.loads(EDITOR.read_text())).iter_errors(chosen)] == []


@pytest.mark.parametrize("path", WIRING, ids=str)
def test_wiring_neither_makes_settings_nor_looks_like_one(path):
    names = set(load(path) or {})
    assert not {name for name in names if name.startswith(("jitsi_", "cloud_"))}


def test_a_variable_is_wired_once_per_group():
    seen = {}
    for path in WIRING:
        for name in load(path) or {}:
            seen.setdefault((path.parts[1], name), []).append(str(path))
    assert {key: paths for key, paths in seen.items() if len(paths) > 1} == {}


def expressions(value, bare=False):
    """Every Jinja expression in YAML data: what stands in braces, and conditions, which need none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from expressions(inner, key in EXPRESSIONS)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner, bare)
    elif isinstance(value, str):
        yield "{{ " + value + " }}" if bare and "{{" not in value else value


def role_reads(role):
    """File of a role -> names it takes from outside, in YAML and templates."""
    reads = {}
    for folder in ("tasks", "handlers", "defaults", "vars"):
        for path in of(role, folder, ".yml"):
            reads[str(path)] = {name for text in expressions(load(path)) for name in template_reads(text)}
    return reads | {str(path): template_reads(read(path)) for path in of(role, "templates")}


@pytest.mark.parametrize("role", ROLES)
def test_roles_know_no_groups_no_other_hosts_and_no_settings(role):
    """The customer's role alone reads settings and, as a whole, groups; it judges them."""
    foreign = {"groups", "group_names", "hostvars"} | set(SETTINGS)
    if role == "customer":
        foreign = {"group_names", "hostvars"}
    assert {path: names & foreign for path, names in role_reads(role).items() if names & foreign} == {}


# --- roles


@pytest.mark.parametrize("role", ROLES)
def test_an_input_is_required_or_has_a_default_stated_once(role):
    """The default stands in defaults/main.yml; argument_specs.yml says what the input means."""
    optional = {name: option for name, option in options(role).items() if not option.get("required")}
    defaults = [name for path in of(role, "defaults", ".yml") for name in load(path) or {}]
    assert sorted(defaults) == sorted(optional)
    assert [name for name, option in optional.items() if "default" in option] == []


def wired(group):
    """Names that the wiring gives to hosts of a group."""
    return {name for path in WIRING if path.parts[1] in ("jitsi", group) for name in load(path) or {}}


def uses():
    """Role, entry point and the names it is given, for each group of hosts that a play runs the role on."""
    wirings = {kind.group: wired(kind.group) for kind in KINDS} | {"jitsi": wired("jitsi")}
    for path in [path for path in task_files() if path.parts[0] == "playbooks"]:
        for play in load(path):
            hosts = re.findall(r"(?<![!\w])\w+", str(play.get("hosts", "")))
            groups = [group for group in wirings if group in hosts]
            for task in tasks_of([play]):
                imported = task.get("ansible.builtin.import_role") or {}
                named = [(use["role"], "main") for use in task.get("roles", [])]
                named += [(imported["name"], imported.get("tasks_from", "main"))] if imported else []
                own = {*play.get("vars", {}), *task.get("vars", {})}
                yield from ((*name, own | wirings.get(group, set())) for name in named for group in groups or [""])


def test_no_default_is_overwritten_wherever_the_role_runs():
    """Such an input is required: nobody reads its default."""
    given = {}
    for role, entry, names in uses():
        for name in options(role, entry) if entry in specs(role) else ():
            given.setdefault((role, name), []).append(name in names)
    assert any(all(each) for each in given.values())
    overwritten = {(role, name) for (role, name), each in given.items() if all(each)}
    assert [name for role, name in sorted(overwritten) if not options(role)[name].get("required")] == []


def test_every_role_is_given_what_it_requires():
    missing = {
        f"{role} ({entry}): {name}"
        for role, entry, names in uses()
        if entry in specs(role) and role != "customer"  # its inputs are the customer's settings
        for name, option in options(role, entry).items()
        if option.get("required") and name not in names
    }
    assert missing == set()


@pytest.mark.parametrize("role", ROLES)
def test_role_variables_carry_the_roles_name(role):
    assert all(name.startswith(f"{role}_") for name in options(role))
    for path in of(role, "vars", ".yml"):
        assert all(name.startswith(f"__{role}_") for name in load(path) or {}), path


def template_reads(text):
    """Names a template takes from outside."""
    environment = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True)
    environment.filters = environment.tests = Anything()
    return meta.find_undeclared_variables(environment.parse(text))


@pytest.mark.parametrize("role", ROLES)
def test_templates_read_only_their_roles_variables(role):
    found = {}
    registered = set(
        re.findall(r"^\s+(?:register|loop_var): (\w+)$", "\n".join(map(read, of(role, "tasks"))), re.MULTILINE)
    )
    for path in of(role, "templates"):
        foreign = {
            name
            for name in template_reads(read(path)) - MAGIC - registered
            if not name.startswith((f"{role}_", f"__{role}_"))
        }
        found |= {str(path): foreign} if foreign else {}
    assert found == {}


@pytest.mark.parametrize("role", ROLES)
def test_templates_begin_with_the_managed_header(role):
    """JSON has no comments, so files that must be pure JSON have none."""
    bare = [
        str(path)
        for path in of(role, "templates")
        if not path.name.removesuffix(".j2").endswith(".json")
        and not re.match(r"(#!.*\n)?.*\{\{ ?ansible_managed \| comment", read(path))
    ]
    assert bare == []


def test_one_role_writes_one_path():
    writers = {}
    for path in task_files():
        if path.parts[0] == "roles":
            for task in tasks_of(load(path)):
                for module, arguments in task.items():
                    if isinstance(arguments, dict) and module.split(".")[-1] in (
                        "copy",
                        "template",
                        "file",
                        "lineinfile",
                    ):
                        target = arguments.get("dest") or arguments.get("path")
                        folder = arguments.get("state") == "directory"  # of a unit's drop-ins, one of each role
                        if target and not folder and not str(target).startswith("{{ item"):
                            writers.setdefault(target, set()).add(path.parts[1])
    assert writers
    assert {target: sorted(roles) for target, roles in writers.items() if len(roles) > 1} == {}


def test_no_error_is_ignored_and_no_default_shadowed():
    errors = []
    for path in task_files():
        defaults = set()
        if path.parts[0] == "roles":
            defaults = {name for name, option in options(path.parts[1]).items() if not option.get("required")}
        for task in tasks_of(load(path)):
            if "ignore_errors" in task:
                errors.append(f"{path}: {task.get('name')}: ignore_errors")
            facts = task.get("ansible.builtin.set_fact") or {}
            errors += [f"{path}: {task.get('name')}: set_fact of {name}" for name in facts if name in defaults]
            errors += [] if "name" in task else [f"{path}: a task or play without a name"]
    assert errors == []


# --- filters and other plugins


def test_what_is_documented_is_a_filter():
    assert {path.stem for path in FILES if path.match("filter_plugins/*.yml")} == set(FILTERS_BY_NAME)


@pytest.mark.parametrize("name", FILTERS_BY_NAME)
def test_a_filter_is_documented_and_tested(name):
    documents = load(f"filter_plugins/{name}.yml")
    assert documents["DOCUMENTATION"]["name"] == name
    assert documents["DOCUMENTATION"]["description"]  # ansible-doc shows nothing without it
    assert documents["EXAMPLES"]
    assert documents["RETURN"]
    test = f"from toolkit.{FILTERS_BY_NAME[name]}.{name} import "
    assert re.search(rf"{re.escape(test)}.*\b{name}\b", read(f"tests/unit/test_{name}.py"))


def test_what_runs_on_servers_or_has_no_ansible_keeps_to_itself():
    """toolkit is on the operator's machine alone and does without Ansible; modules and files of roles go to servers."""
    on_servers = [path for path in FILES if path.match("roles/*/library/*.py") or path.match("roles/*/files/*")]
    toolkit = [path for path in FILES if path.match("toolkit/**/*.py") or path.match("toolkit/*.py")]
    assert on_servers
    assert toolkit
    texts = dict(text_files())
    imports = re.compile(r"^\s*(?:from|import) (ansible|toolkit)\b", re.MULTILINE)
    found = [(path, name) for path in on_servers + toolkit for name in imports.findall(texts.get(path, ""))]
    assert [str(path) for path, name in found if name == "toolkit" and path not in toolkit] == []
    assert [str(path) for path, name in found if name == "ansible" and path in toolkit] == []


def test_the_product_finds_its_code_without_touching_the_path():
    """toolkit is installed (scripts/bootstrap)."""
    folders = ("toolkit", "scripts", "roles", *(f"{kind}_plugins" for kind in ("action", "callback", "filter")))
    product = [path for path in FILES if path.parts[0] in (*folders, "inventory_plugins", "strategy_plugins")]
    assert product
    texts = dict(text_files())
    assert [str(path) for path in product if "sys.path" in texts.get(path, "")] == []


def test_every_other_plugin_and_module_is_documented():
    kinds = ("lookup_plugins", "library", "action_plugins", "callback_plugins", "test_plugins", "modules")
    found = [path for path in FILES if path.suffix == ".py" and path.parent.name in kinds]
    assert found
    assert [str(path) for path in found if "DOCUMENTATION" not in read(path)] == []


# --- where to look after a failure


def hints():
    """Role -> the commands that show why it failed."""
    for node in ast.parse(read("toolkit/display/where_to_look.py")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "WHERE_TO_LOOK":
            return ast.literal_eval(node.value)
    raise AssertionError("no hints")


def roles_run_by(playbook):
    """Roles of a playbook and of those it imports."""
    for entry in tasks_of(load(f"playbooks/{playbook}")):
        if imported := entry.get("ansible.builtin.import_playbook"):
            yield from roles_run_by(imported)
        yield from (role["role"] for role in entry.get("roles", []))
        if imported := entry.get("ansible.builtin.import_role"):
            yield imported["name"]


def test_every_role_that_configures_a_host_has_a_hint():
    run = set(roles_run_by("configure.yml"))
    assert {"base", "web", "streaming"} <= run
    assert run - set(hints()) == set()
    assert set(hints()) - set(ROLES) == set()


def test_no_hint_leads_to_a_log_that_stays_empty():
    """What a unit writes into a file, or throws away, is not in the journal; prosody tells the journal alone."""
    elsewhere = re.compile(r"^StandardOutput=(?:null|append:)|>> \$\{LOGFILE\}", re.MULTILINE)
    silent = {
        path.name.removesuffix(".j2").removesuffix(".service")
        for path in FILES
        if path.parts[0] in ("roles", "lab") and ".service" in path.name and elsewhere.search(read(path))
    }
    assert {"jicofo", "jitsi-videobridge2", "jigasi", "coturn"} <= silent
    texts = {
        str(path): text for path, text in text_files() if str(path).startswith(("docs/", "tests/conference/test_"))
    }
    wrong = []
    for name, text in (texts | {"toolkit/display/where_to_look.py": str(hints())}).items():
        for units in re.findall(r"journalctl((?: (?:-u [\w-]+|-b))+)", text):
            wrong += [f"{name}: journalctl{units}" for unit in re.findall(r"-u (\S+)", units) if unit in silent]
        wrong += [f"{name}: prosody.log"] if "prosody.log" in text else []
    assert wrong == []


# --- what a tracked file may say


def text_files():
    for path in FILES:
        try:
            yield path, read(path)
        except UnicodeDecodeError:
            continue


def test_no_exemption_without_a_reason():
    """Why stands behind the directive, in a comment above it, or at the first of several directives in a row."""
    directive = re.compile(r"#\s*(?:noqa(?:: ?[A-Za-z0-9\[\]-]+)?|shellcheck disable=\S+)(.*)$")
    found = []
    for path, text in text_files():
        reasoned = False
        for number, line in enumerate(text.splitlines(), 1):
            match = directive.search(line)
            if match:
                reasoned = reasoned or bool(match[1].strip())
                found += [] if reasoned else [f"{path}:{number}"]
            elif line.strip():
                reasoned = line.lstrip().startswith("#")
    assert found == []


def test_no_registry_and_no_path_of_one_machine():
    """Clients' defaults name the registries; the lock has hashes only. Written in halves, so as not to find itself."""
    registries = ["deb.debian" + ".org", "security.debian" + ".org", "pypi" + ".org", "pythonhosted" + ".org"]
    registries += ["registry.npmjs" + ".org", "galaxy.ansible" + ".com", "docker" + ".io/", "quay" + ".io"]
    machine = [r"(?<![\w\"}$.])/(?:work/(?:main|shared|helpers)|root)/", "jitsi" + "-facts", "model" + "-codebases"]
    forbidden = re.compile("|".join([re.escape(name) for name in registries] + machine))
    found = {f"{path}: {hit[0]}" for path, text in text_files() for hit in [forbidden.search(text)] if hit}
    assert found == set()


def test_collections_are_installed_as_pinned():
    pins = {c["name"]: c["version"] for c in load("requirements.yml")["collections"]}
    base = ROOT / "collections" / "ansible_collections"
    installed = {
        name: json.loads((base / name.replace(".", "/") / "MANIFEST.json").read_text())["collection_info"]["version"]
        for name in pins
    }
    assert installed == pins


# --- documents


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_what_is_printed_from_the_settings_schema_is_as_it_prints_it(file):
    assert file.read_text() == DOCUMENTS[file](), "run scripts/settings"


def test_editors_find_the_schema_from_the_examples():
    for example in EXAMPLES:
        main = ROOT / "inventories" / example / "group_vars/jitsi/main.yml"
        [named] = re.findall(r"\A# yaml-language-server: \$schema=(.*)\n", main.read_text())
        assert (main.parent / named).resolve() == EDITOR


def test_the_settings_schema_is_one():
    """JSON Schema that the library and editors understand; each default keeps its own limits."""
    Draft202012Validator.check_schema(whole())
    assert setting_errors(defaults() | CATALOGUES, schema=whole() | {"required": []}) == []
    # Editors look for a pattern anywhere in a text.
    patterns = re.findall(r'"pattern": "(.*)"', EDITOR.read_text())
    assert patterns
    assert [pattern for pattern in patterns if not (pattern[0] == "^" and pattern[-1] == "$")] == []
    written = {key for part in parts() for key in keys_of(part) if key.startswith("x-")}
    assert written == set(re.findall(r"\bx-[a-z-]+", toolkit.settings.__doc__))


def keys_of(schema):
    """Every key at any depth."""
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []:
        yield from keys_of(inner)
    yield from schema if isinstance(schema, dict) else []


def test_every_setting_says_what_it_means_and_is_called_by_one_name():
    assert [name for name, setting in SETTINGS.items() if not setting["description"].endswith(".")] == []
    assert set(former_names()) & set(SETTINGS) == set()
    assert len(former_names()) == sum(len(setting.get("x-formerly", [])) for setting in SETTINGS.values())


def test_pages_of_the_reference_are_what_the_generator_writes(tmp_path):
    subprocess.run([sys.executable, "scripts/reference_pages.py", tmp_path], cwd=ROOT, check=True)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {name: read(f"docs/{name}") for name in written} == written, "run scripts/reference_pages.py docs"
    assert all(page.count("\n| ") > 20 for page in written.values())


def test_the_page_of_sandboxes_is_what_the_table_says():
    """Its scores are judged where systemd of both Debians is, by tests/sandbox."""
    page = read("docs/sandboxes.md")
    assert sandbox_page(scores_of(page)) == page, "run scripts/sandboxes"


def test_every_command_of_the_documents_exists():
    goals = set(re.findall(r"^([a-z][a-z0-9-]*):.*## ", read("Makefile"), re.MULTILINE))
    pages = "".join(read(page) for page in FILES if page.suffix == ".md" and page.name != "CHANGELOG.md")
    named = set(re.findall(r"(?:`|^ {4})make ([a-z][a-z0-9-]*)", pages, re.MULTILINE))
    assert named
    assert named - goals == set()


def verbs():
    return re.findall(r"^\| `make ([a-z]+)` \|", read("README.md"), re.MULTILINE)


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_prints_the_line_it_runs(verb):
    shown = subprocess.run(
        ["make", "--dry-run", verb, "CUSTOMER=example-single"], cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout
    line = re.search(r"^printf '\+ %s\\n' (.*)$", shown, re.MULTILINE)
    assert line
    assert shown.endswith(f". scripts/environment; {shlex.split(line[1])[0]}\n")


def test_the_layout_is_all_there_is():
    """Every playbook, every folder of tests and plugins, every role."""
    page = read("docs/architecture.md")
    layout = page.split("## Layout")[1].split("```")[1]
    names = {path.stem for path in FILES if path.parent == Path("playbooks") and path.suffix == ".yml"}
    names |= {f"{path.parts[1]}/" for path in FILES if path.parts[0] == "tests" and len(path.parts) > 2}
    names |= {f"{path.parts[0]}/" for path in FILES if len(path.parts) > 1 and not path.parts[0].startswith(".")}
    assert [name for name in sorted(names - {"docs/"}) if not re.search(rf"(?<![\w-]){re.escape(name)}", layout)] == []
    assert [role for role in ROLES if not re.search(rf"^\|.*`{role}`.*\| .* \| .* \|$", page, re.MULTILINE)] == []


def test_modules_of_quick_tests_have_names_of_their_own():
    """pytest imports those of one run by their names alone."""
    line = re.search(r"^pytest .*tests/unit .*$", read("scripts/test"), re.MULTILINE)[0]
    folders = tuple(Path(word) for word in line.split() if word.startswith("tests/") and "*" not in word)
    modules = [path for path in FILES if path.name.startswith("test_") and set(path.parents) & set(folders)]
    names = [path.name for path in modules if path.parent != Path("tests/conference")]  # whose own need a customer
    assert names
    assert [name for name in set(names) if names.count(name) > 1] == []


def test_every_file_the_documents_link_to_exists():
    missing = []
    for page in [path for path in FILES if path.suffix == ".md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(page)):
            if not (ROOT / page.parent / target).exists():
                missing.append(f"{page}: {target}")
    assert missing == []


def test_every_page_of_the_documents_that_is_named_exists():
    """In messages, comments and documents, with an anchor of the page where one is named."""
    named = {
        (str(path), page, anchor)
        for path, text in text_files()
        for page, anchor in re.findall(r"\b(docs/[\w/-]+\.md)(?:#([\w-]+))?", text)
        if path.name != "CHANGELOG.md"
    }
    assert named
    missing = [(path, page) for path, page, _ in named if not (ROOT / page).is_file()]
    assert missing == []
    anchors = [hit for hit in named if hit[2] and f"#{hit[2]}" not in headings(read(hit[1]))]
    assert anchors == []


def headings(page):
    """Anchors of a page's headings."""
    titles = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return ["#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


def test_bridges_get_another_version_one_after_another():
    """The package's scripts stop the bridge, so the version is installed where bridges follow one another."""
    tasks = yaml.safe_load(read("roles/videobridge/tasks/main.yml"))
    installed = [task["debian_packages"]["name"] for task in tasks if "debian_packages" in task]
    assert installed
    assert not [name for names in installed for name in names if "=" in name]
    (task,) = [task for task in tasks if task.get("daemon", {}).get("name") == "jitsi-videobridge2.service"]
    assert task["throttle"] == 1
    assert task["daemon"]["packages"] == ["jitsi-videobridge2={{ videobridge_package_version }}"]
    assert task["daemon"]["ready"] == "{{ __videobridge_ready }}"


def test_every_test_that_the_security_page_names_is_there():
    tests = "\n".join(read(path) for path in FILES if path.match("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", read("SECURITY.md")))
    assert named
    assert named - set(re.findall(r"^def (test_\w+)", tests, re.MULTILINE)) == set()


def test_the_security_page_names_everything_that_is_tried_from_a_host():
    page, tables = read("SECURITY.md"), read("tests/moderators/test_compromised_hosts.py")
    tried = re.findall(r'^    "([^"]+)": (?:lambda|ban|say)', tables, re.MULTILINE)
    assert len(tried) > 50
    assert [attempt for attempt in tried if not re.search(rf"[ ]{attempt}[, ]", page)] == []
