"""Whatever stands in a customer's folder: accepted, or refused with a sentence that names the key."""

import copy
import re

import yaml
from contract import DEFAULTS, GROUPS, NAMES, PLAN, SCHEMA, SEED, SETTINGS
from hypothesis import HealthCheck, event, given, seed, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from toolkit.folder.folder_errors import folder_errors
from toolkit.page.page_errors import page_errors
from toolkit.plan.topology_errors import topology_errors
from toolkit.relations.recording_errors import recording_errors
from toolkit.relations.trunk_errors import trunk_errors
from toolkit.settings.schema import secrets
from toolkit.settings.setting_errors import setting_errors

VALID = {**DEFAULTS, **SETTINGS}
# Settings are judged more strictly than the standard says.
STANDARD = Draft202012Validator(SCHEMA)
# Settings whose keys are the customer's or the provider's own words.
FREE = {name for name, setting in SCHEMA["properties"].items() if isinstance(setting.get("additionalProperties"), dict)}
SENTENCE = re.compile(r"\S.*: .*[.]", re.DOTALL)

odd_texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", " ", "yes", "null", "{{ 7 * 7 }}", "ä€\u202e", "\ud800", "\x00", "a\nb", "x" * 10_000, "-"]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**4000, -(10**4000), float("inf"), float("nan"), 2.0]),
    odd_texts,
    st.dates(),
    st.binary(max_size=5),
)
keys = st.one_of(odd_texts, st.integers(), st.booleans(), st.none(), st.sampled_from(NAMES))
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)


def places(value, path=()):
    """Every place in value, as the keys that lead to it."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*path, number))


def parent_of(settings, path):
    for key in path[:-1]:
        settings = settings[key]
    return settings


@st.composite
def typo(draw, word):
    """word with one letter doubled, dropped, exchanged or two swapped, beyond the prefix."""
    at = draw(st.integers(min(6, len(word) - 1), len(word) - 1))
    kind = draw(st.sampled_from(["double", "drop", "swap", "other"]))
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    if kind == "drop" and len(word) > 2:
        return word[:at] + word[at + 1 :]
    if kind == "swap" and at + 1 < len(word) and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + "q" + word[at:]


@st.composite
def mutations(draw):
    """A valid customer with one to three things done to it, and the top-level names that were touched."""
    settings, touched = copy.deepcopy(VALID), set()
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(settings))))
        parent, key = parent_of(settings, path), path[-1]
        kind = draw(st.sampled_from(["value", "text", "text", "delete", "misspell", "add"]))
        if kind == "value" or (kind == "text" and not isinstance(parent[key], str)):
            parent[key] = draw(junk)
        elif kind == "text":
            parent[key] = draw(odd_texts)
        elif kind == "delete":
            del parent[key]
        elif kind == "misspell" and isinstance(parent, dict) and isinstance(key, str) and len(key) > 2:
            wrong = draw(typo(key))
            parent[wrong] = parent.pop(key)
            touched.add(wrong)
        elif isinstance(parent, dict):
            added = draw(keys)
            parent[added] = draw(junk)
            touched.add(added)
        touched.add(path[0])
    return settings, touched


@st.composite
def plans(draw):
    """Ansible's groups after an operator's slips."""
    groups = copy.deepcopy(PLAN)
    names = st.one_of(odd_texts, st.sampled_from(PLAN["all"] + ["bcme-jvb-1", "acme_jvb", "acme-meet-2", "ACME-turn"]))
    for _ in range(draw(st.integers(0, 2))):
        group = draw(st.one_of(st.sampled_from([*GROUPS, "videobridge", "printers", "Turn"]), odd_texts))
        groups[group] = draw(st.lists(names, max_size=4))
    members = [host for group, hosts in groups.items() if group not in ("all", "jitsi", "ungrouped") for host in hosts]
    groups["jitsi"] = list(dict.fromkeys(members))
    return groups


def texts(value):
    """Every text in value."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from texts(inner)


def shown(key):
    """A key as it may stand in a sentence: itself, or quoted, or cut."""
    return key[:50] if isinstance(key, str) and key.isprintable() else ""


@seed(20)
@settings(max_examples=600, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(mutations())
def test_every_mutated_customer_is_accepted_or_refused_by_name(mutation):
    settings, touched = mutation
    before = copy.deepcopy(settings)
    errors = setting_errors(settings)
    assert repr(settings) == repr(before)
    for error in errors:
        assert SENTENCE.fullmatch(error), error
        assert error.isprintable(), error
        assert len(error) < 700, error
        assert SEED not in error
        # No error is invented: it speaks of what was touched, or of a catalogue's key that is gone.
        assert any(shown(key) in error for key in {*touched, "jitsi_plan", "jitsi_release"}), error
    event("refused" if errors else "accepted")
    if not errors:
        assert STANDARD.is_valid(settings)
        assert all(text.isprintable() for text in texts(settings))
        assert set(settings) <= set(NAMES)
        assert set(SCHEMA["required"]) <= set(settings)


@seed(24)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from([name for name in NAMES if name.startswith("jitsi_")]), junk))
def test_whatever_is_chosen_for_the_page_is_judged(settings):
    errors = page_errors(VALID | settings, "/acme", DEFAULTS)
    assert all(SENTENCE.fullmatch(error) and error.isprintable() for error in errors), errors
    assert page_errors(VALID, "/acme", DEFAULTS) == []


TARGET = list(SCHEMA["properties"]["jitsi_recording_target"]["properties"])
KINDS = SCHEMA["properties"]["jitsi_recording_target"]["properties"]["kind"]["enum"]
RECORDING = {name: junk for name in NAMES if name.startswith("jitsi_recording_")}
RECORDING["jitsi_recording_target"] = st.one_of(
    junk,
    st.dictionaries(st.sampled_from(TARGET), junk),
    st.builds(dict, st.dictionaries(st.sampled_from(TARGET), junk), kind=st.sampled_from(KINDS)),
)


@seed(25)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries({}, optional=RECORDING))
def test_whatever_is_chosen_for_recordings_is_judged(settings):
    before = repr(settings)
    for errors in (recording_errors(settings), topology_errors(PLAN, VALID | settings, GROUPS)):
        assert all(SENTENCE.fullmatch(error) and error.isprintable() for error in errors), errors
        # Values are secrets or long; a sentence has names alone.
        assert all(len(error) < 250 for error in errors), errors
    assert repr(settings) == before


@seed(21)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_typo_names_the_right_key_at_any_depth(data):
    settings = copy.deepcopy(VALID)
    named = [path for path in places(VALID) if all(isinstance(key, str) for key in path) and len(path[-1]) > 3]
    # Keys of catalogues are the provider's own words; only what they hold is fixed.
    named = [path for path in named if not (path[0] in FREE and len(path) == 2)]
    # An s too many or too few is another setting's name.
    named = [path for path in named if not {f"{path[-1]}s", path[-1][:-1]} & set(NAMES)]
    path = data.draw(st.sampled_from(named))
    parent = parent_of(settings, path)
    wrong = data.draw(typo(path[-1]))
    if wrong in parent or wrong in NAMES:
        return
    parent[wrong] = parent.pop(path[-1])
    where = ".".join([*path[:-1], ""])
    assert f"{where}{wrong} is not a setting: write {where}{path[-1]}." in setting_errors(settings)


@seed(22)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(plans(), mutations())
def test_every_plan_is_accepted_or_refused_by_name(groups, mutation):
    settings, _ = mutation
    for chosen in (VALID, settings):
        errors = topology_errors(groups, chosen, GROUPS)
        assert all(SENTENCE.fullmatch(error) and error.isprintable() and len(error) < 700 for error in errors), errors
    if not topology_errors(groups, VALID, GROUPS):
        assert len(groups["meet"]) == 1
        assert all(host.startswith("acme-") for host in groups["jitsi"])


@seed(23)
@settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "path": st.just("inventories/acme/group_vars/jitsi/main.yml"),
                "folder": st.just("inventories/acme"),
                "place": st.sampled_from(["vault", "settings"]),
                "encrypted": st.booleans(),
                "keys": st.lists(st.one_of(odd_texts, st.sampled_from(NAMES)), max_size=4),
            }
        ),
        max_size=3,
    )
)
def test_every_folder_is_accepted_or_refused_by_name(files):
    errors = folder_errors(files, secrets())
    assert all(SENTENCE.fullmatch(error) and error.isprintable() for error in errors), errors
    assert errors or any(file["place"] == "vault" and file["encrypted"] for file in files)


def test_files_as_yaml_reads_them_are_judged_like_data():
    assert setting_errors(yaml.safe_load(yaml.safe_dump(VALID))) == []


TRUNK = list(SCHEMA["properties"]["jitsi_trunk"]["properties"])
TELEPHONE = {name: junk for name in NAMES if name.startswith(("jitsi_trunk", "jitsi_dial_in"))}
TELEPHONE["jitsi_trunk"] = st.one_of(junk, st.dictionaries(st.sampled_from(TRUNK), junk))


@seed(26)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries({}, optional=TELEPHONE))
def test_whatever_is_chosen_for_the_telephone_is_judged(settings):
    before = repr(settings)
    for errors in (trunk_errors(settings), topology_errors(PLAN, VALID | settings, GROUPS)):
        assert all(SENTENCE.fullmatch(error) and len(error) < 250 for error in errors), errors
    assert repr(settings) == before
