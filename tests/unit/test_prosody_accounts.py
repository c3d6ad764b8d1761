"""Module prosody_accounts: what it refuses and hears. tests/moderators/test_accounts.py shows what prosody does."""

import prosody_accounts
import pytest

HOST = "auth.meet.test"
DECLARED = {HOST: {"focus": "f-secret", "jvb": "j-secret"}}


@pytest.mark.parametrize(
    ("hosts", "subscribers", "names"),
    [
        ({HOST: {"Anna": "x"}}, {}, "Anna@auth.meet.test"),
        ({HOST: {"anna": "pässwort"}}, {}, "anna@auth.meet.test"),
        ({HOST: {"anna": ""}}, {}, "anna@auth.meet.test"),
        ({HOST: "x"}, {}, HOST),
        (DECLARED, {"nobody@x": ["y"]}, "nobody@x"),
    ],
)
def test_refuses_by_name_and_never_quotes_a_password(hosts, subscribers, names):
    [sentence] = prosody_accounts.errors(hosts, subscribers)
    assert names in sentence
    assert "pässwort" not in sentence


def test_what_can_be_stored_is_not_refused():
    assert prosody_accounts.errors(DECLARED, {f"focus@{HOST}": ["focus.meet.test"]}) == []


def test_hears_the_last_line_whatever_prosodyctl_says_before():
    printed = 'lua-unbound was not found\n{"note": 1}\n{"added": ["focus@auth.meet.test"], "removed": []}\n'
    assert prosody_accounts.answer(printed) == {"added": [f"focus@{HOST}"], "removed": []}
