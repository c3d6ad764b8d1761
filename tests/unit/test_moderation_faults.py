import pytest
from moderation_faults import moderation_faults

NAMES = {"prefixes": [], "fixed": [], "shortest": 0}
CHOICES = {
    "jitsi_plan": "p",
    "jitsi_plans": {"p": {"moderators": 2}, "none": {"moderators": 0}},
    "jitsi_moderators": ["anna"],
    "jitsi_accounts": {"bernd": {"moderator": True, "password": 1}, "carla": {"moderator": False, "password": 1}},
    "jitsi_directory": {"kind": "internal"},
    "jitsi_moderators_by": "listed",
    "jitsi_room_moderation": "own",
    "jitsi_room_comoderators": {},
    "jitsi_room_names": NAMES,
    "jitsi_room_max_occupants": 0,
}


def faults(**changes):
    return moderation_faults(CHOICES | {f"jitsi_{name}": value for name, value in changes.items()})


def test_rules_that_agree_have_no_fault():
    assert faults() == []
    assert faults(room_comoderators={"board": ["anna", "bernd"]}, room_max_occupants=2) == []
    names = {"prefixes": ["acme-"], "fixed": ["board"], "shortest": 8}
    assert faults(room_names=names, room_comoderators={"board": ["anna"], "acme-daily": ["anna"]}) == []


def test_moderators_have_seats():
    assert faults(moderators=["anna", "dora"]) == [
        "jitsi_moderators and jitsi_accounts have 3 names and plan p has 2 seats: "
        "remove 1 or choose a larger jitsi_plan."
    ]
    assert faults(moderators=["anna", "dora"], plan="none") == []
    assert faults(moderators=["anna", "bernd"]) == []  # a name in both places is one person


def test_somebody_can_open_a_room():
    nobody = "jitsi_moderators is an empty list and jitsi_moderators_by is listed, so nobody could open a room: "
    accounts = {"carla": CHOICES["jitsi_accounts"]["carla"]}
    for kind in ("internal", "openldap", "ldap", "ad", "token"):
        (fault,) = faults(moderators=[], accounts=accounts, directory={"kind": kind})
        assert fault.startswith(nobody)
    assert faults(moderators=[]) == []  # `make users` has made one
    for rule in ("group", "all"):
        assert faults(moderators=[], accounts={}, moderators_by=rule, directory={"kind": "ad"}) == []
    (fault,) = faults(moderators=[], accounts={}, moderators_by="all")
    assert fault == (
        "jitsi_moderators is an empty list and jitsi_moderators_by is all, so nobody could open a room: write at least "
        "one login name, or let a directory decide with group or all."
    )


def test_everybody_with_an_account_may_need_a_seat():
    (fault,) = faults(moderators_by="all")
    assert " have 3 names and plan p has 2 seats: " in fault
    assert faults(moderators_by="all", directory={"kind": "ad"}) == []
    assert faults(moderators_by="group", moderators=["anna", "dora", "emil"]) == []


def test_comoderators_are_for_moderators_with_rooms_of_their_own():
    (fault,) = faults(room_moderation="any", room_comoderators={"board": ["anna"]})
    assert fault.startswith("jitsi_room_comoderators means nothing with jitsi_room_moderation any, ")


@pytest.mark.parametrize("people", ["anna", [], [5], None, {"anna": 1}])
def test_comoderators_are_a_list(people):
    assert faults(room_comoderators={"board": people}) == [
        "jitsi_room_comoderators.board is no list of login names: write one such as [anna, bernd]."
    ]


def test_a_comoderator_is_a_moderator():
    assert faults(room_comoderators={"board": ["bernd", "carla"]}) == [
        "jitsi_room_comoderators.board names carla, who is no moderator: remove the name or add it to jitsi_moderators."
    ]
    assert faults(plan="none", moderators_by="all", room_comoderators={"board": ["carla"]}) == []
    assert faults(moderators_by="all", directory={"kind": "ad"}, room_comoderators={"board": ["dora"]}) == []
    assert faults(moderators_by="group", directory={"kind": "ad"}, room_comoderators={"board": ["dora"]}) == []


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
    (fault,) = faults(room_names=NAMES | names, room_comoderators={room: ["anna"]})
    assert fault.startswith(f"jitsi_room_comoderators names room {room}, which jitsi_room_names forbids: ")


def test_a_length_needs_names_it_is_for():
    (fault,) = faults(room_names=NAMES | {"fixed": ["board"], "shortest": 8})
    assert fault.startswith(
        "jitsi_room_names.shortest is 8 and jitsi_room_names.fixed alone says which rooms there are: "
    )


def test_a_room_is_for_two():
    (fault,) = faults(room_max_occupants=1)
    assert fault.startswith("jitsi_room_max_occupants is 1, ")


@pytest.mark.parametrize("junk", [None, 5, "x", [], {"prefixes": 5, "fixed": 5, "shortest": "x"}])
def test_choices_of_the_wrong_type_are_passed_over(junk):
    assert moderation_faults(dict.fromkeys(CHOICES, junk)) == [] or isinstance(junk, dict)
    assert moderation_faults({}) == []
