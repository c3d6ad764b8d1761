import pytest

from filter_plugins.setting_errors import setting_errors

SPEC = {
    "name": {"type": "str", "required": True, "description": "Name C(x) of it. More."},
    "days": {"type": "int"},
    "mode": {"type": "str", "choices": ["fast", "slow"]},
    "list": {"type": "list", "elements": "dict", "options": {"port": {"type": "int", "required": True}}},
    "tree": {
        "type": "dict",
        "options": {"leaf": {"type": "dict", "options": {"color": {"type": "str"}}}, "root": {"type": "bool"}},
        "required_if": [["root", True, ["leaf"]]],
    },
    "secret": {"type": "dict", "no_log": True},
}


def errors(limits=None, **settings):
    return setting_errors({"name": "n"} | settings, SPEC, limits)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"naem": 1}, "naem is not a setting: write name."),
        ({"list": [{"port": 1}, {"prot": 1, "port": 2}]}, "list[1].prot is not a setting: write list[1].port."),
        ({"list": [{}]}, "list[0].port is missing: write it in group_vars/jitsi/main.yml."),
        ({"list": [5]}, "list[0] is 5: write a mapping of port."),
        ({"tree": {"leaf": {"colour": "x"}}}, "tree.leaf.colour is not a setting: write tree.leaf.color."),
        ({"tree": {"root": True}}, "tree.leaf is missing: write it in group_vars/jitsi/main.yml."),
        ({"tree": {"root": "yes"}}, 'tree.root is "yes": write true or false.'),
        ({"mode": "fats"}, 'mode is "fats": write fast.'),
        ({"days": "2"}, 'days is "2": write a whole number.'),
        ({"days": "x" * 61}, f'days is "{"x" * 57}...": write a whole number.'),
        ({"secret": "hush"}, "secret is refused, and not shown because it is secret: write a mapping."),
        ({1: 2}, "1 is not a setting: docs/settings.md lists all of them."),
        ({None: 2}, "empty is not a setting: docs/settings.md lists all of them."),
    ],
)
def test_each_error_is_one_sentence(settings, sentence):
    assert setting_errors({"name": "n"} | settings, SPEC) == [sentence]


def test_a_missing_setting_says_what_it_means():
    assert setting_errors({}, SPEC) == ["name is missing: write it in group_vars/jitsi/main.yml (Name x of it)."]


@pytest.mark.parametrize(
    ("limit", "good", "bad"),
    [
        ({"pattern": "[a-z]+"}, "abc", "abc\n"),
        ({"format": "address"}, "fd00::1", "fd00::g"),
        ({"format": "network4"}, "10.0.0.0/8", "10.0.0.0"),
        ({"format": "network6"}, "fd00::/64", "fd00::1/64"),
        ({"shortest": 3}, "abc", "ab"),
        ({"empty": True, "pattern": "a"}, "", "b"),
    ],
)
def test_limits_of_texts(limit, good, bad):
    assert errors({"name": limit}, name=good) == []
    assert len(errors({"name": limit}, name=bad)) == 1


def test_limits_of_numbers():
    limit = {"days": {"at_least": 1, "at_most": 3, "write": "1 to 3"}}
    assert [errors(limit, days=n) for n in (1, 3)] == [[], []]
    assert [errors(limit, days=n) for n in (0, 4)] == [["days is 0: write 1 to 3."], ["days is 4: write 1 to 3."]]


def test_what_could_not_be_evaluated_is_neither_missing_nor_explained_twice():
    unreadable = {"name": "'x' is undefined", "tree.leaf": "'y' is undefined", "secret": "'hush' is undefined"}
    assert setting_errors({"tree": {"root": True}}, SPEC, unreadable=unreadable) == [
        "name cannot be read ('x' is undefined): write a plain value.",
        "tree.leaf cannot be read ('y' is undefined): write a plain value.",
        "secret cannot be read (the reason is not shown): write a plain value.",
    ]


def test_entries_of_a_catalogue_have_a_shape():
    spec = {"plans": {"type": "dict"}, "plan": {"type": "str"}}
    limits = {"plan": {"key_of": "plans"}, "plans.*.users": {"at_least": 1, "write": "at least 1"}}
    shape = {"plans": {"users": {"type": "int", "required": True}}}
    assert setting_errors({"plans": {"a": {"users": 1}}, "plan": "a"}, spec, limits, shape) == []
    assert setting_errors({"plans": {"big": {"users": 0}, 5: {}}, "plan": "bug"}, spec, limits, shape) == [
        'plan is "bug": write big.',
        "plans.big.users is 0: write at least 1.",
        "plans.5 is not a text: write the key in quotes.",
    ]


def test_keys_keep_the_limits_of_another_path():
    options = {"seats": {"type": "dict"}}
    limits = {"seats": {"keys": "names.*"}, "names.*": {"pattern": "[a-z]+", "write": "a name such as anna"}}
    assert setting_errors({"seats": {"anna": 1}}, options, limits) == []
    assert setting_errors({"seats": {"Anna": 1, 7: 1}}, options, limits) == [
        'a key of seats is "Anna": write a name such as anna.',
        "a key of seats is 7: write a name such as anna, in quotes.",
    ]
