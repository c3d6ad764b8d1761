"""What a template prints of a customer's values or of secrets goes through the serializer of the file's language.

Free are values that cannot mean anything to a language: numbers, truth values, one of several words, what roles state
themselves. What is free for another reason stands in FORMS.
"""

import functools
import re
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, nodes
from reading_ansible import Anything, Lenient

ROOT = Path(__file__).parent.parent
TEMPLATES = sorted(ROOT.glob("roles/*/templates/*.j2"))

# Language -> its templates, and the filters that write it. Every template is of one of them.
LANGUAGES = {
    "nginx": (r"(nginx|streaming|gate-http|gate-server|visitors-http)\.conf", "to_nginx to_nginx_key secure_link"),
    "JavaScript": (r".*\.js", "to_script"),
    "JSON": (r".*\.json", "to_nice_json"),
    "HOCON": (r"(jvb|jicofo|jibri)\.conf", "to_hocon"),
    "HTML": (r".*\.(html|svg)", "e"),
    "CSS": (r".*\.css", ""),
    "Lua": (r".*\.lua", "to_lua"),
    "Java properties": (r".*\.properties", "to_properties"),
    "systemd": (r".*\.(service|socket|timer)|(jitsi|sandbox)\.conf", "to_systemd service_sandbox"),
    "shell": (r"config|environment|duty|finalize|(check|install|reload)-.*", "to_shell"),
    "LDIF": (r".*\.ldif", "to_ldif"),
    "Kamailio": (r"kamailio\.cfg|dispatcher\.list", "to_kamailio"),
    "a file of lines": (
        r".*\.(answers|sources|list|cfg)|hosts|preferences|(turnserver|sshd|timesyncd|journald|logrotate|apt|nftables)\.conf"
        r"|(core-images|sysctl|udp-buffers|needrestart|needrestart-hook|unattended-upgrades)\.conf|.*\.cnf",
        "one_line",
    ),
}
# What stands before and behind one word of a language.
BESIDE = {
    "nginx": (r"(?:^|\s)$", r"[\s;]"),
    "systemd": (r"(?:^|[\s=])$", r"\s"),
    "shell": (r"(?:^|[\s=(])$", r"[\s;)&|]"),
}
# Why these values mean nothing to the language they are printed in: template -> value -> reason.
COLORS = "colours of the form #rrggbb"
PICTURE = "a picture that was written anew: numbers, a type, base64"
TRUNK = {
    "sip_server_trunk.host": "a name or an address, of a-z, 0-9, dots and hyphens",
    "sip_server_trunk.transport": "one of three words",
    "sip_server_private_ipv4": "an address of a server, from the cloud",
}
FORMS = {
    "base/nftables.conf": dict.fromkeys(
        ("base_firewall", "base_within"), "rules of the matrix, which filter nftables_rules prints"
    ),
    "consent_gate/consent.css": {"consent_gate_colors": COLORS},
    "consent_gate/consent.html": {
        "__consent_gate_logo": PICTURE,
        "__consent_gate_pages": "HTML that filter markdown_page has made of a text, which can have none of its own",
        "__consent_gate_language": "one of two words (jitsi_language)",
    },
    "consent_gate/gate-http.conf": {
        "__consent_gate_pages": "languages are keys of jitsi_consent_texts, two letters each",
        "consent_gate_language": "one of two words (jitsi_language)",
    },
    "jibri/jibri.service": {"jibri_recover_command": "a command of the toolkit's own"},
    "openldap/certificate.cnf": {"openldap_address": "an address of a server, from the cloud"},
    "prosody/certificate.cnf": {"prosody_domain": "a domain"},
    "prosody/prosody.cfg.lua": {"name": "names of options, which the role states"},
    "streaming/page.css": {"streaming_colors": COLORS},
    "streaming/page.html": {"__streaming_logo": PICTURE},
    "sip_server/dispatcher.list": TRUNK | {"sip_server_trunk.port": "a number"},
    "sip_server/kamailio.cfg": TRUNK
    | {
        "sip_server_trunk.codecs": "some of four words",
        "sip_server_trunk.networks": "networks",
        "sip_server_public_ipv4": "an address of a server, from the cloud",
        "sip_server_domain": "a domain",
    },
    "updates/updates.timer": {"updates_window": "days of the week, a time and the name of a time zone"},
    "web/logo.svg": {"__web_logo": PICTURE, "web_logo_background": COLORS},
    "web/nginx.conf": {
        "path": "regular expressions of the role, and digests that name pictures",
        "__web_dial_in_guards": "names and directives of the role, and addresses of servers from the cloud",
        "__web_login_proxy": "directives of the role, in which the domain is printed by to_nginx",
        "__web_login_question": "directives of the role, in which the domain is printed by to_nginx",
    },
    "web/title.html": {"__web_pictures": PICTURE, "__web_picture_urls": "the domain, and digests that name pictures"},
}
# What cannot mean anything whatever it is made of, and what Ansible brings.
HARMLESS = {"hash", "int", "length", "csp_hash", "bool"}
MAGIC = {"ansible_managed", "role_path", "lookup", "dict", "range", "ansible_facts", "ansible_check_mode", "namespace"}
FREE_TYPES = {"int", "float", "bool"}


@functools.cache
def environment():
    found = Environment(autoescape=False)  # noqa: S701 - templates are read, not rendered
    found.filters, found.tests = Anything(), Anything()
    return found


@functools.cache
def load(path):
    return yaml.load(path.read_text(), Lenient) or {}  # noqa: S506 - a safe loader


def key_of(template):
    return f"{template.parts[-3]}/{template.stem}"


def language_of(template):
    return next((name for name, (pattern, _) in LANGUAGES.items() if re.fullmatch(pattern, template.stem)), None)


def flowing(node):
    """The variables whose content becomes part of what the expression says: not what is only asked or looked up by."""
    if isinstance(node, nodes.Name):
        return {node.name} if node.ctx == "load" else set()
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return {f"{node.node.name}.{node.attr}"}
    if isinstance(node, nodes.Compare | nodes.Test | nodes.Not):
        return set()
    if isinstance(node, nodes.CondExpr):
        parts = [node.expr1, node.expr2]
    elif isinstance(node, nodes.Getitem):
        parts = [node.node]
    elif isinstance(node, nodes.Filter) and node.name in HARMLESS:
        parts = []
    else:
        parts = list(node.iter_child_nodes())
    return {name for part in parts if part for name in flowing(part)}


def texts(value):
    if isinstance(value, str):
        yield value
    for inner in [*value.items()] if isinstance(value, dict) else value if isinstance(value, list | tuple) else []:
        yield from texts(inner)


class Role:
    """Which variables of a role have what came from elsewhere and is not free by its form."""

    def __init__(self, folder, free=()):
        specs = load(folder / "meta/argument_specs.yml").get("argument_specs", {})
        self.inputs = {
            name: option for entry in specs.values() for name, option in (entry.get("options") or {}).items()
        }
        self.variables = {}
        for file in [*folder.glob("vars/**/*.yml"), *folder.glob("defaults/*.yml")]:
            self.variables |= load(file)
        self.free, self.known = free, {}

    def is_free(self, name):
        return name in self.free or base(name) in self.free

    def foreign(self, name):
        if self.is_free(name):
            return False
        if base(name) in self.inputs:
            option = self.inputs[base(name)]
            return option.get("type") not in FREE_TYPES and "choices" not in option
        if base(name) in self.variables:
            return self.made_of_foreign(base(name))
        return base(name) not in MAGIC

    def made_of_foreign(self, name):
        if name not in self.known:
            self.known[name] = False  # until it is known: variables do not name themselves
            trees = [environment().parse(text) for text in texts(self.variables[name]) if "{" in text]
            outputs = [node for tree in trees for output in tree.find_all(nodes.Output) for node in output.nodes]
            self.known[name] = any(self.foreign(each) for node in outputs for each in flowing(node))
        return self.known[name]


def base(name):
    """The variable of VARIABLE.KEY."""
    return name.partition(".")[0]


def local_names(tree):
    """Names that the template makes itself -> what they are made of."""
    found = {}
    for node in tree.find_all((nodes.For, nodes.Assign)):
        source = flowing(node.iter if isinstance(node, nodes.For) else node.node)
        for target in [node.target, *node.target.find_all(nodes.Name)]:
            if isinstance(target, nodes.Name):
                found.setdefault(target.name, set()).update(source - {target.name})
    for node in tree.find_all(nodes.AssignBlock):
        found.setdefault(node.target.name, set())  # a block's own interpolations are judged where they stand
    return found


def interpolations(tree):
    """Each expression that is printed, with the text before and behind it."""
    outputs = [node for output in tree.find_all(nodes.Output) for node in output.nodes]
    for output in tree.find_all(nodes.Output):
        for place, node in enumerate(output.nodes):
            if not isinstance(node, nodes.TemplateData):
                beside = [output.nodes[place - 1] if place else None, *output.nodes[place + 1 : place + 2]]
                yield node, *(part.data if isinstance(part, nodes.TemplateData) else "" for part in (*beside, None)[:2])
    assert outputs


def origins(names, local, role):
    """The variables from which these come, but for those that are free."""
    found, left = set(), set(names)
    while left:
        name = left.pop()
        if name not in found and not role.is_free(name):
            found.add(name)
            left |= local.get(base(name), set())
    return {name for name in found if base(name) not in local}


def complaints(text, role, language):
    """What is wrong with a template's interpolations, one sentence each."""
    tree = environment().parse(text)
    local = local_names(tree)
    filters = LANGUAGES[language][1].split()
    for node, before, behind in interpolations(tree):
        foreign = sorted(filter(role.foreign, origins(flowing(node), local, role)))
        if not isinstance(node, nodes.Filter) or last_filter(node) not in filters:
            if foreign:
                yield f"line {node.lineno}: {', '.join(foreign)} is printed without one of {', '.join(filters)}"
        elif not alone(before, behind, language):
            yield f"line {node.lineno}: {node.name} stands within another word"


def last_filter(node):
    """The filter that an expression ends in: of words in a row, the one each of them ends in."""
    if node.name == "join" and isinstance(node.node, nodes.Filter) and node.node.name == "map":
        return node.node.args[0].as_const()
    return node.name


def alone(before, behind, language):
    left, right = BESIDE.get(language, ("", ""))
    return bool(re.search(left, before) and re.match(right, behind or "\n"))


def test_every_template_is_of_one_language():
    assert [key_of(template) for template in TEMPLATES if language_of(template) is None] == []
    assert [name for name in LANGUAGES if name not in map(language_of, TEMPLATES)] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=key_of)
def test_every_value_goes_through_the_languages_serializer(template):
    role = Role(template.parents[1], FORMS.get(key_of(template), ()))
    assert list(complaints(template.read_text(), role, language_of(template))) == []


@pytest.mark.parametrize(("key", "free"), [(key, name) for key, forms in FORMS.items() for name in forms])
def test_no_value_is_free_in_vain(key, free):
    """An exception that nothing needs any more is taken out."""
    role, name = key.split("/")
    template = ROOT / f"roles/{role}/templates/{name}.j2"
    others = FORMS[key].keys() - {free}
    assert list(complaints(template.read_text(), Role(template.parents[1], others), language_of(template))) != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("server_name {{ web_domain }};", ["line 1: web_domain is printed without one of"]),
        ("server_name {{ web_domain | to_nginx | upper }};", ["line 1: web_domain is printed without one of"]),
        ("server_name {{ web_domain | to_shell }};", ["line 1: web_domain is printed without one of"]),
        ("{% for name in web_turn_names %}\n{{ name }};\n{% endfor %}", ["line 2: web_turn_names is printed without"]),
        ("return https://{{ web_domain | to_nginx }};", ["line 1: to_nginx stands within another word"]),
        ("server_name {{ web_domain | to_nginx }}.x;", ["line 1: to_nginx stands within another word"]),
        ("alias {{ __web_config_file }};", ["line 1: __web_config_file is printed without one of"]),
        ("server_name {{ web_domain | to_nginx }};", []),
        ("alias {{ __web_branding_folder }}/x; limit {{ web_people_per_address }};", []),
        ("{{ 'a' if web_domain == 'b' else 'c' }};", []),
    ],
)
def test_what_is_not_serialized_is_found(text, expected):
    found = list(complaints(text, Role(ROOT / "roles/web"), "nginx"))
    assert len(found) == len(expected)
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True))
