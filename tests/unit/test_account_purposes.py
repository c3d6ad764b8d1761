from toolkit.secrets.account_purposes import account_purposes


def test_names_written_down_have_the_first_issue():
    assert account_purposes({}, ["bernd", "anna"]) == {"bernd": "moderator/bernd", "anna": "moderator/anna"}


def test_every_issue_has_a_purpose_of_its_own():
    first, second = ({"anna": {"moderator": True, "password": issue}} for issue in (1, 2))
    assert account_purposes(first, []) == {"anna": "moderator/anna"}
    assert account_purposes(second, []) == {"anna": "moderator/anna/2"}


def test_a_name_in_both_places_is_one_account_with_the_issue_that_was_made():
    made = {"anna": {"moderator": False, "password": 7}}
    assert account_purposes(made, ["anna"]) == {"anna": "moderator/anna/7"}


def test_nobody_has_no_account():
    assert account_purposes({}, []) == {}
