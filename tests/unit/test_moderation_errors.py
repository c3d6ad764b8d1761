import pytest

from toolkit.relations.moderation_errors import moderation_errors

NAMES = {"prefixes": [], "fixed": [], "shortest": 0}
SETTINGS = {
    "jitsi_plan": "p",
    "jitsi_plans": {"p": {"moderators": 2}, "none": {"moderators": 0}},
    "jitsi_moderators": ["anna"],
    "jitsi_accounts": {"bernd": {"moderator": True, "password": 1}, "carla": {"moderator": False, "password": 1}},
    "jitsi_directory": {"kind": "internal"},
    "jitsi_moderator_source": "listed",
    "jitsi_room_moderation": "own",
    "jitsi_room_comoderators": {},
    "jitsi_room_names": NAMES,
    "jitsi_room_max_occupants": 0,
}


def errors(**changes):
    return moderation_errors(SETTINGS | {f"jitsi_{name}": value for name, value in changes.items()})


def test_rules_that_agree_have_no_error():
    assert errors() == []
    assert errors(room_comoderators={"board": ["anna", "bernd"]}, room_max_occupants=2) == []
    names = {"prefixes": ["acme-"], "fixed": ["board"], "shortest": 8}
    assert errors(room_names=names, room_comoderators={"board": ["anna"], "acme-daily": ["anna"]}) == []


def test_moderators_have_seats():
    assert errors(moderators=["anna", "dora"]) == [
        "jitsi_moderators and jitsi_accounts have 3 names and plan p has 2 seats: "
        "remove 1 or choose a larger jitsi_plan."
    ]
    assert errors(moderators=["anna", "dora"], plan="none") == []
    assert errors(moderators=["anna", "bernd"]) == []  # a name in both places is one person


def test_somebody_can_open_a_room():
    nobody = "jitsi_moderators is an empty list and jitsi_moderator_source is listed, so nobody could open a room: "
    accounts = {"carla": SETTINGS["jitsi_accounts"]["carla"]}
    for kind in ("internal", "openldap", "ldap", "ad", "token"):
        (error,) = errors(moderators=[], accounts=accounts, directory={"kind": kind})
        assert error.startswith(nobody)
    assert errors(moderators=[]) == []  # `make users` has made one
    for rule in ("group", "all"):
        assert errors(moderators=[], accounts={}, moderator_source=rule, directory={"kind": "ad"}) == []
    (error,) = errors(moderators=[], accounts={}, moderator_source="all")
    assert error == (
        "jitsi_moderators is an empty list and jitsi_moderator_source is all, so nobody could open a room: write at "
        "least one login name, or let a directory decide with group or all."
    )


def test_everybody_with_an_account_may_need_a_seat():
    (error,) = errors(moderator_source="all")
    assert " have 3 names and plan p has 2 seats: " in error
    assert errors(moderator_source="all", directory={"kind": "ad"}) == []
    assert errors(moderator_source="group", moderators=["anna", "dora", "emil"]) == []


def test_comoderators_are_for_moderators_with_rooms_of_their_own():
    (error,) = errors(room_moderation="any", room_comoderators={"board": ["anna"]})
    assert error.startswith("jitsi_room_comoderators means nothing with jitsi_room_moderation any, ")


@pytest.mark.parametrize("people", ["anna", [], [5], None, {"anna": 1}])
def test_comoderators_are_a_list(people):
    assert errors(room_comoderators={"board": people}) == [
        "jitsi_room_comoderators.board is no list of login names: write one such as [anna, bernd]."
    ]


def test_a_comoderator_is_a_moderator():
    assert errors(room_comoderators={"board": ["bernd", "carla"]}) == [
        "jitsi_room_comoderators.board names carla, who is no moderator: remove the name or add it to jitsi_moderators."
    ]
    assert errors(plan="none", moderator_source="all", room_comoderators={"board": ["carla"]}) == []
    assert errors(moderator_source="all", directory={"kind": "ad"}, room_comoderators={"board": ["dora"]}) == []
    assert errors(moderator_source="group", directory={"kind": "ad"}, room_comoderators={"board": ["dora"]}) == []


@pytest.mark.parametrize(
    ("room", "names"),
    [
        ("daily", {"prefixes": ["acme-"]}),
        ("daily", {"fixed": ["board"]}),
        ("daily", {"shortest": 6}),
        ("acme-1", {"prefixes": ["acme-"], "fixed": ["board"], "shortest": 7}),
    ],
)
def test_a_comoderated_room_can_exist(room, names):
    (error,) = errors(room_names=NAMES | names, room_comoderators={room: ["anna"]})
    assert error.startswith(f"jitsi_room_comoderators names room {room}, which jitsi_room_names forbids: ")


def test_a_length_needs_names_it_is_for():
    (error,) = errors(room_names=NAMES | {"fixed": ["board"], "shortest": 8})
    assert error.startswith(
        "jitsi_room_names.shortest is 8 and jitsi_room_names.fixed alone says which rooms there are: "
    )


def test_a_room_is_for_two():
    (error,) = errors(room_max_occupants=1)
    assert error.startswith("jitsi_room_max_occupants is 1, ")


@pytest.mark.parametrize("junk", [None, 5, "x", [], {"prefixes": 5, "fixed": 5, "shortest": "x"}])
def test_settings_of_the_wrong_type_are_passed_over(junk):
    assert moderation_errors(dict.fromkeys(SETTINGS, junk)) == [] or isinstance(junk, dict)
    assert moderation_errors({}) == []
