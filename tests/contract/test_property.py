"""Whatever stands in a customer's folder: accepted, or refused with a sentence that names the key."""

import copy
import re

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from contract import CATALOGUES, CHOICES, GROUPS, LIMITS, OFFER, OPTIONS, PLAN, SEED
from contract_faults import contract_faults
from folder_faults import folder_faults
from hypothesis import HealthCheck, event, given, seed, settings
from hypothesis import strategies as st
from page_faults import page_faults
from recording_faults import recording_faults
from topology_faults import topology_faults
from trunk_faults import trunk_faults

VALID = {**OFFER, **CHOICES}
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
keys = st.one_of(odd_texts, st.integers(), st.booleans(), st.none(), st.sampled_from(list(OPTIONS)))
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


def parent_of(choices, path):
    for key in path[:-1]:
        choices = choices[key]
    return choices


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
    choices, touched = copy.deepcopy(VALID), set()
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(choices))))
        parent, key = parent_of(choices, path), path[-1]
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
    return choices, touched


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


def ansible_accepts(choices):
    """Ansible's own judgement of the same choices by the same contract."""
    return not ArgumentSpecValidator(copy.deepcopy(OPTIONS)).validate(copy.deepcopy(choices)).error_messages


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
    choices, touched = mutation
    before = copy.deepcopy(choices)
    faults = contract_faults(choices, OPTIONS, LIMITS, CATALOGUES)
    assert repr(choices) == repr(before)
    for fault in faults:
        assert SENTENCE.fullmatch(fault), fault
        assert fault.isprintable(), fault
        assert len(fault) < 700, fault
        assert SEED not in fault
        # No fault is invented: it speaks of what was touched, or of a catalogue's key that is gone.
        assert any(shown(key) in fault for key in {*touched, "jitsi_plan", "jitsi_release"}), fault
    event("refused" if faults else "accepted")
    if not faults:
        assert ansible_accepts(choices)
        assert all(text.isprintable() for text in texts(choices))
        assert set(choices) <= set(OPTIONS)
        assert all(name in choices for name, option in OPTIONS.items() if option.get("required"))


@seed(24)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from([name for name in OPTIONS if name.startswith("jitsi_")]), junk))
def test_whatever_is_chosen_for_the_page_is_judged(choices):
    faults = page_faults(VALID | choices, "/acme", OFFER)
    assert all(SENTENCE.fullmatch(fault) and fault.isprintable() for fault in faults), faults
    assert page_faults(VALID, "/acme", OFFER) == []


TARGET = list(OPTIONS["jitsi_recording_target"]["options"])
KINDS = OPTIONS["jitsi_recording_target"]["options"]["kind"]["choices"]
RECORDING = {name: junk for name in OPTIONS if name.startswith("jitsi_recording_")}
RECORDING["jitsi_recording_target"] = st.one_of(
    junk,
    st.dictionaries(st.sampled_from(TARGET), junk),
    st.builds(dict, st.dictionaries(st.sampled_from(TARGET), junk), kind=st.sampled_from(KINDS)),
)


@seed(25)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries({}, optional=RECORDING))
def test_whatever_is_chosen_for_recordings_is_judged(choices):
    before = repr(choices)
    for faults in (recording_faults(choices), topology_faults(PLAN, VALID | choices, GROUPS)):
        assert all(SENTENCE.fullmatch(fault) and fault.isprintable() for fault in faults), faults
        # Values are secrets or long; a sentence has names alone.
        assert all(len(fault) < 250 for fault in faults), faults
    assert repr(choices) == before


@seed(21)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_typo_names_the_right_key_at_any_depth(data):
    choices = copy.deepcopy(VALID)
    named = [path for path in places(VALID) if all(isinstance(key, str) for key in path) and len(path[-1]) > 3]
    # Keys of catalogues are the house's own words; only what they hold is fixed.
    named = [path for path in named if not (path[0] in CATALOGUES and len(path) == 2)]
    # An s too many or too few is another choice's name.
    named = [path for path in named if not {f"{path[-1]}s", path[-1][:-1]} & set(OPTIONS)]
    path = data.draw(st.sampled_from(named))
    parent = parent_of(choices, path)
    wrong = data.draw(typo(path[-1]))
    if wrong in parent or wrong in OPTIONS:
        return
    parent[wrong] = parent.pop(path[-1])
    where = ".".join([*path[:-1], ""])
    assert f"{where}{wrong} is not a choice: write {where}{path[-1]}." in contract_faults(
        choices, OPTIONS, LIMITS, CATALOGUES
    )


@seed(22)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(plans(), mutations())
def test_every_plan_is_accepted_or_refused_by_name(groups, mutation):
    choices, _ = mutation
    for chosen in (VALID, choices):
        faults = topology_faults(groups, chosen, GROUPS)
        assert all(SENTENCE.fullmatch(fault) and fault.isprintable() and len(fault) < 700 for fault in faults), faults
    if not topology_faults(groups, VALID, GROUPS):
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
                "place": st.sampled_from(["vault", "choices"]),
                "encrypted": st.booleans(),
                "keys": st.lists(st.one_of(odd_texts, st.sampled_from(list(OPTIONS))), max_size=4),
            }
        ),
        max_size=3,
    )
)
def test_every_folder_is_accepted_or_refused_by_name(files):
    faults = folder_faults(files, OPTIONS)
    assert all(SENTENCE.fullmatch(fault) and fault.isprintable() for fault in faults), faults
    assert faults or any(file["place"] == "vault" and file["encrypted"] for file in files)


def test_files_as_yaml_reads_them_are_judged_like_data():
    assert contract_faults(yaml.safe_load(yaml.safe_dump(VALID)), OPTIONS, LIMITS, CATALOGUES) == []


TRUNK = list(OPTIONS["jitsi_trunk"]["options"])
TELEPHONE = {name: junk for name in OPTIONS if name.startswith(("jitsi_trunk", "jitsi_dial_in"))}
TELEPHONE["jitsi_trunk"] = st.one_of(junk, st.dictionaries(st.sampled_from(TRUNK), junk))


@seed(26)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries({}, optional=TELEPHONE))
def test_whatever_is_chosen_for_the_telephone_is_judged(choices):
    before = repr(choices)
    for faults in (trunk_faults(choices), topology_faults(PLAN, VALID | choices, GROUPS)):
        assert all(SENTENCE.fullmatch(fault) and len(fault) < 250 for fault in faults), faults
    assert repr(choices) == before
