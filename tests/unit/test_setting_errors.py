import time

import pytest

from toolkit.settings.schema import former_names
from toolkit.settings.setting_errors import setting_errors

TEXT = {"type": "string", "minLength": 1}
LEAF = {"type": "object", "additionalProperties": False, "properties": {"color": TEXT}}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "description": "Name `x` of it. More."},
        "days": {"type": "integer", "minimum": 1, "maximum": 3, "x-unit": "days"},
        "rate": {"type": "integer", "minimum": 0, "maximum": 9, "x-zero": "no limit"},
        "mode": {"enum": ["fast", "slow"]},
        "list": {
            "type": "array",
            "uniqueItems": True,
            "x-fix": "a list and no item twice",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["port"],
                "properties": {"port": {"type": "integer"}},
            },
        },
        "tree": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"leaf": LEAF, "root": {"type": "boolean"}},
            "if": {"required": ["root"], "properties": {"root": {"const": True}}},
            "then": {"required": ["leaf"]},
        },
        "key": {
            "type": "object",
            "properties": {"url": TEXT, "file": TEXT},
            "oneOf": [{"required": ["url"]}, {"required": ["file"]}],
        },
        "logo": {"anyOf": [{"const": ""}, {"type": "string", "pattern": "^a+$", "x-fix": "a picture"}]},
        "secret": {"type": "object", "writeOnly": True},
        "lines": {"type": "string", "x-multiline": True},
    },
}


def errors(**settings):
    return setting_errors({"name": "n"} | settings, schema=SCHEMA)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"naem": 1}, "naem is not a setting: write name."),
        ({"list": [{"port": 1}, {"prot": 1, "port": 2}]}, "list[1].prot is not a setting: write list[1].port."),
        ({"list": [{}]}, "list[0].port is missing: write it in group_vars/jitsi/main.yml."),
        ({"list": [5]}, "list[0] is 5: write a mapping of port."),
        ({"list": [{"port": 1}, {"port": 1}]}, "list is a list of 2: write a list and no item twice."),
        ({"tree": {"leaf": {"colour": "x"}}}, "tree.leaf.colour is not a setting: write tree.leaf.color."),
        ({"tree": {"xyzzy": 1}}, "tree.xyzzy is not a setting: tree has leaf, root."),
        ({"tree": {"leaf": {"color": ""}}}, 'tree.leaf.color is "": write a text.'),
        ({"tree": {"root": True}}, "tree.leaf is missing: write it in group_vars/jitsi/main.yml."),
        ({"tree": {"root": "yes"}}, 'tree.root is "yes": write true or false.'),
        ({"key": {}}, "key is incomplete: write key.url or key.file."),
        ({"key": {"url": "x", "file": "y"}}, "key.url and key.file exclude each other: write only one of them."),
        ({"logo": "b"}, 'logo is "b": write a picture.'),
        ({"logo": 5}, "logo is 5: write a picture, in quotes."),
        ({"mode": "fats"}, 'mode is "fats": write fast.'),
        ({"mode": False}, "mode is false: write one of fast, slow."),
        ({"days": "2"}, 'days is "2": write a whole number of days from 1 to 3.'),
        ({"days": 2.0}, "days is 2.0: write a whole number of days from 1 to 3."),
        ({"days": True}, "days is true: write a whole number of days from 1 to 3."),
        ({"days": 4}, "days is 4: write a whole number of days from 1 to 3."),
        ({"rate": -1}, "rate is -1: write a whole number from 0, for no limit, to 9."),
        ({"days": "x" * 61}, f'days is "{"x" * 57}...": write a whole number of days from 1 to 3.'),
        ({"name": 2.0}, "name is 2.0: write it in quotes, because it is a text."),
        ({"name": "a\nb"}, 'name is "a\\nb": write a text, without control characters.'),
        ({"lines": "a\nb\t"}, 'lines is "a\\nb\\t": write a text, without control characters.'),
        ({"secret": "hush"}, "secret is refused, and not shown because it is secret: write a mapping."),
        ({1: 2}, "1 is not a setting: docs/settings.md lists all of them."),
        ({None: 2}, "empty is not a setting: docs/settings.md lists all of them."),
    ],
)
def test_each_error_is_one_sentence(settings, sentence):
    assert setting_errors({"name": "n"} | settings, schema=SCHEMA) == [sentence]


def test_what_keeps_every_limit_is_taken():
    tree = {"root": True, "leaf": {"color": "x"}}
    assert errors(days=1, rate=0, mode="slow", list=({"port": 1},), tree=tree, logo="", key={"url": "x"}) == []
    assert errors(days=3, logo="aa", lines="a\nb\n", secret={}) == []


def test_a_missing_setting_says_what_it_means():
    assert setting_errors({}, schema=SCHEMA) == [
        "name is missing: write it in group_vars/jitsi/main.yml (Name x of it)."
    ]


def judged(limits, value):
    return setting_errors({"name": value}, schema={"properties": {"name": {"type": "string"} | limits}})


@pytest.mark.parametrize(
    ("limits", "good", "bad"),
    [
        ({"pattern": "^[a-z]+$"}, "abc", "abc\n"),
        ({"pattern": r"^\w+$"}, "abc", "äbc"),
        ({"format": "address"}, "fd00::1", "fd00::g"),
        ({"format": "some_network"}, "10.0.0.0/8", "0.0.0.0/0"),
        ({"format": "some_network"}, "2001:db8::/32", "2000::/3"),
        ({"format": "network4"}, "10.0.0.0/8", "10.0.0.0"),
        ({"format": "network6"}, "fd00::/64", "fd00::1/64"),
        ({"format": "login_page"}, "https://a.example/?r={room}&s={state}", "https://a.example/{rooms}"),
        ({"minLength": 3}, "abc", "ab"),
    ],
)
def test_limits_of_texts(limits, good, bad):
    assert judged(limits, good) == []
    assert len(judged(limits, bad)) == 1


def test_what_could_not_be_evaluated_is_neither_missing_nor_explained_twice():
    unreadable = {"name": "'x' is undefined", "tree.leaf": "'y' is undefined", "secret": "'hush' is undefined"}
    unreadable |= {"key.url": "'z' is undefined", "naem": "'z' is undefined"}
    assert setting_errors({"tree": {"root": True}, "key": {}}, unreadable, SCHEMA) == [
        "name cannot be read ('x' is undefined): write a plain value.",
        "tree.leaf cannot be read ('y' is undefined): write a plain value.",
        "secret cannot be read (the reason is not shown): write a plain value.",
        "key.url cannot be read ('z' is undefined): write a plain value.",
        "naem is not a setting: write name.",
    ]


def test_entries_of_a_catalogue_have_a_shape():
    users = {"type": "integer", "minimum": 1, "x-fix": "at least 1"}
    entry = {"type": "object", "required": ["users"], "properties": {"users": users}}
    plans = {"type": "object", "propertyNames": {"type": "string"}, "additionalProperties": entry}
    schema = {"properties": {"plans": plans, "plan": {"type": "string", "x-key-of": "plans"}}}
    assert setting_errors({"plans": {"a": {"users": 1}}, "plan": "a"}, schema=schema) == []
    assert setting_errors({"plans": {"big": {"users": 0}, 5: {}}, "plan": "bug"}, schema=schema) == [
        "a key of plans is 5: write it in quotes, because it is a text.",
        "plans.big.users is 0: write at least 1.",
        'plan is "bug": write big.',
    ]
    assert setting_errors({"plans": 5, "plan": "bug"}, schema=schema) == ["plans is 5: write a mapping."]


def test_names_that_are_free_have_limits():
    names = {"type": "string", "pattern": "^[a-z]+$", "x-fix": "a name such as anna"}
    schema = {"properties": {"seats": {"type": "object", "propertyNames": names}}}
    assert setting_errors({"seats": {"anna": 1}}, schema=schema) == []
    assert setting_errors({"seats": {"Anna": 1, 7: 1}}, schema=schema) == [
        'a key of seats is "Anna": write a name such as anna.',
        "a key of seats is 7: write a name such as anna, in quotes.",
    ]


@pytest.mark.parametrize(("old", "name"), former_names().items())
def test_a_former_name_is_refused_with_the_present_one(old, name):
    assert f"{old} is now {name}: rename it." in setting_errors({old: 1})


HUGE = 16**20_000
HOSTILE = [
    {"list": [{"port": number} for number in range(20_000)]},
    {"list": [[number] for number in range(1000)]},
    {"days": HUGE, "rate": -HUGE, "mode": HUGE, "logo": HUGE, HUGE: HUGE, "list": [HUGE, [HUGE]]},
    {f"name{number}": 1 for number in range(20_000)},
    {"tree": {f"leaf{number}": 1 for number in range(20_000)}},
    {"mode": "x" * 200_000},
]


@pytest.mark.parametrize("settings", HOSTILE)
def test_hostile_settings_are_refused_in_time(settings):
    begun = time.process_time()
    found = setting_errors({"name": "n"} | settings, schema=SCHEMA)
    assert time.process_time() - begun < 5
    assert found
    assert all(len(error) < 300 for error in found)
