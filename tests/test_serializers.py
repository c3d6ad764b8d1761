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

ROOT = Path(__file__).parent.parent
TEMPLATES = sorted(ROOT.glob("roles/*/templates/*.j2"))

# Language -> its templates, the filters that write it, and what stands before and behind one word of it.
LANGUAGES = {
    "nginx": (r"(nginx|streaming|gate-http|gate-server|visitors-http)\.conf", "to_nginx to_nginx_key secure_link"),
}
BESIDE = {"nginx": (r"(?:^|\s)$", r"[\s;]")}

# Why these values mean nothing to the language they are printed in: template and expression -> reason.
FORMS = {
    "consent_gate/gate-http.conf": {
        "__consent_gate_version": "hexadecimal digits",
        "__consent_gate_pages": "languages are keys of jitsi_consent_texts, two letters each",
        "consent_gate_language": "one of two words (jitsi_language)",
    },
    "web/nginx.conf": {
        "path": "regular expressions of the role, and digests that name pictures",
        "__web_dial_in_guards": "names and directives of the role, and addresses of servers from the cloud",
    },
    "streaming/streaming.conf": {"__streaming_word_cookie": "hexadecimal digits"},
}
# What cannot mean anything whatever it is made of, and what Ansible brings.
HARMLESS = {"hash", "int", "length", "csp_hash", "bool"}
MAGIC = {"ansible_managed", "role_path", "lookup", "dict", "range", "ansible_facts", "ansible_check_mode", "namespace"}
FREE_TYPES = {"int", "float", "bool"}


class Anything(dict):
    """Filters and tests by any name."""

    def __contains__(self, name):
        return True

    def __getitem__(self, name):
        return str

    def get(self, name, default=None):
        return str


class Lenient(yaml.SafeLoader):
    """YAML with Ansible's tags."""


Lenient.add_multi_constructor("!", lambda loader, tag, node: None)


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


JUDGED = [template for template in TEMPLATES if language_of(template)]


def flowing(node):
    """The variables whose content becomes part of what the expression says: not what is only asked or looked up by."""
    if isinstance(node, nodes.Name):
        return {node.name} if node.ctx == "load" else set()
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
    """Which variables of a role have what came from elsewhere."""

    def __init__(self, folder):
        specs = load(folder / "meta/argument_specs.yml").get("argument_specs", {})
        self.inputs = {
            name: option for entry in specs.values() for name, option in (entry.get("options") or {}).items()
        }
        self.variables = {}
        for file in [*folder.glob("vars/**/*.yml"), *folder.glob("defaults/*.yml")]:
            self.variables |= load(file)
        self.known = {}

    def foreign(self, name):
        if name in self.inputs:
            option = self.inputs[name]
            return option.get("type") not in FREE_TYPES and "choices" not in option
        if name in self.variables:
            if name not in self.known:
                self.known[name] = False  # until it is known: variables do not name themselves
                parts = [environment().parse(text) for text in texts(self.variables[name]) if "{" in text]
                outputs = [node for tree in parts for output in tree.find_all(nodes.Output) for node in output.nodes]
                names = {each for node in outputs for each in flowing(node)}
                self.known[name] = any(self.foreign(each) for each in names)
            return self.known[name]
        return name not in MAGIC


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


def origins(names, local, free):
    """The variables from which these come, but for those that are free."""
    found, left = set(), set(names)
    while left:
        name = left.pop()
        if name not in found and name not in free:
            found.add(name)
            left |= local.get(name, set())
    return found - set(local)


def complaints(text, role, key, language):
    """What is wrong with a template's interpolations, one sentence each."""
    tree = environment().parse(text)
    local = local_names(tree)
    filters = LANGUAGES[language][1].split()
    for node, before, behind in interpolations(tree):
        foreign = sorted(filter(role.foreign, origins(flowing(node), local, FORMS.get(key, {}))))
        if not isinstance(node, nodes.Filter) or node.name not in filters:
            if foreign:
                yield f"line {node.lineno}: {', '.join(foreign)} is printed without one of {', '.join(filters)}"
        elif not alone(before, behind, language):
            yield f"line {node.lineno}: {node.name} stands within another word"


def alone(before, behind, language):
    left, right = BESIDE.get(language, ("", ""))
    return bool(re.search(left, before) and re.match(right, behind or "\n"))


@pytest.mark.parametrize("template", JUDGED, ids=key_of)
def test_every_value_goes_through_the_languages_serializer(template):
    role = Role(template.parents[1])
    assert list(complaints(template.read_text(), role, key_of(template), language_of(template))) == []


@pytest.mark.parametrize("key", FORMS)
def test_what_is_free_by_its_form_is_printed(key):
    """An exception that nothing needs any more is taken out."""
    role, name = key.split("/")
    template = ROOT / f"roles/{role}/templates/{name}.j2"
    tree = environment().parse(template.read_text())
    printed = {each for node, *_ in interpolations(tree) for each in flowing(node)}
    assert set(FORMS[key]) <= printed | {each for names in local_names(tree).values() for each in names}
