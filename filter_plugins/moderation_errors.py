"""Filter moderation_errors: what contradicts itself in the rules for rooms and moderators, one sentence per error."""

DOCUMENTATION = r"""
name: moderation_errors
short_description: List what contradicts itself in the rules for rooms and moderators
description:
  - Judges what belongs together among C(jitsi_room_*), C(jitsi_moderators*) and the seats of the plan.
  - Settings that are missing or of the wrong type are the business of P(setting_errors#filter) and passed over here,
    but for the lists in C(jitsi_room_comoderators), whose keys are free.
positional: _input
options:
  _input:
    description: The settings, name to value.
    type: dict
    required: true
"""

EXAMPLES = r"""
errors: "{{ {'jitsi_room_moderation': 'any', 'jitsi_room_comoderators': {'board': ['anna']}} | moderation_errors }}"
# -> ["jitsi_room_comoderators means nothing with jitsi_room_moderation any: ..."]
"""

RETURN = r"""
_value:
  description: One sentence per error; empty when there is none.
  type: list
  elements: str
"""


def _is_plain(text: object) -> bool:
    """Can it stand in a sentence? What cannot, setting_errors refuses."""
    return isinstance(text, str) and text.isprintable() and len(text) <= 100


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, tuple)) else []


def _good_name(name: str, prefixes: list[str], fixed: list[str], shortest: int) -> bool:
    """May a room be called so? As the module in prosody decides it."""
    if name in fixed or not (prefixes or fixed or shortest):
        return True
    if fixed and not prefixes:
        return False
    return (not prefixes or name.startswith(tuple(prefixes))) and len(name) >= shortest


def _known_moderators(settings: dict) -> tuple[set[str], str] | None:
    """Who can be a moderator, and where that is written; None where a directory knows."""
    directory, accounts = settings.get("jitsi_directory"), settings.get("jitsi_accounts")
    everybody, kind = settings.get("jitsi_moderator_source") == "all", "internal"
    if isinstance(directory, dict):
        kind = directory.get("kind", kind)
    if settings.get("jitsi_moderator_source") == "group" or (everybody and kind != "internal"):
        return None
    made = {
        name
        for name, account in (accounts if isinstance(accounts, dict) else {}).items()
        if everybody or (isinstance(account, dict) and account.get("moderator"))
    }
    where = "jitsi_moderators and jitsi_accounts have" if made else "jitsi_moderators has"
    return {*_texts(settings.get("jitsi_moderators")), *made}, where


def _seat_errors(settings: dict) -> list[str]:
    plans, plan, known = settings.get("jitsi_plans"), settings.get("jitsi_plan"), _known_moderators(settings)
    promise = plans.get(plan) if isinstance(plans, dict) and _is_plain(plan) else None
    seats = promise.get("moderators") if isinstance(promise, dict) else None
    if not isinstance(seats, int) or known is None or not 0 < seats < len(known[0]):
        return []
    people, where = known
    return [
        f"{where} {len(people)} names and plan {plan} has {seats} seat{'' if seats == 1 else 's'}: "
        f"remove {len(people) - seats} or choose a larger jitsi_plan."
    ]


def _nobody_errors(settings: dict) -> list[str]:
    known, rule = _known_moderators(settings), settings.get("jitsi_moderator_source")
    if rule not in ("listed", "all") or settings.get("jitsi_moderators") != [] or known is None or known[0]:
        return []
    return [
        f"jitsi_moderators is an empty list and jitsi_moderator_source is {rule}, so nobody could open a room: write "
        "at least one login name, or let a directory decide with group or all."
    ]


def _comoderator_errors(settings: dict, comoderators: dict, names: dict) -> list[str]:
    if comoderators and settings.get("jitsi_room_moderation") == "any":
        return [
            "jitsi_room_comoderators means nothing with jitsi_room_moderation any, where every moderator moderates "
            "every room: remove it or write own."
        ]
    errors, known = [], _known_moderators(settings)
    for room, people in comoderators.items():
        if not _is_plain(room):
            continue
        if not isinstance(people, list) or not people or len(_texts(people)) < len(people):
            errors.append(f"jitsi_room_comoderators.{room} is no list of login names: write one such as [anna, bernd].")
            continue
        if not _good_name(room, *names.values()):
            errors.append(
                f"jitsi_room_comoderators names room {room}, which jitsi_room_names forbids: remove it or add it to "
                "jitsi_room_names.fixed."
            )
        errors += [
            f"jitsi_room_comoderators.{room} names {person}, who is no moderator: remove the name or add it to "
            "jitsi_moderators."
            for person in people
            if known and person not in known[0] and _is_plain(person)
        ]
    return errors


def moderation_errors(settings: dict) -> list[str]:
    """Return the contradictions, one sentence each."""
    rules, comoderators = settings.get("jitsi_room_names"), settings.get("jitsi_room_comoderators")
    rules = rules if isinstance(rules, dict) else {}
    shortest = rules.get("shortest") if isinstance(rules.get("shortest"), int) else 0
    names = {"prefixes": _texts(rules.get("prefixes")), "fixed": _texts(rules.get("fixed")), "shortest": shortest}
    comoderators = comoderators if isinstance(comoderators, dict) else {}
    errors = _nobody_errors(settings) + _seat_errors(settings) + _comoderator_errors(settings, comoderators, names)
    if names["fixed"] and not names["prefixes"] and shortest:
        errors.append(
            f"jitsi_room_names.shortest is {shortest} and jitsi_room_names.fixed alone says which rooms there are: "
            "write 0, or prefixes for further rooms."
        )
    if settings.get("jitsi_room_max_occupants") == 1:
        errors.append(
            "jitsi_room_max_occupants is 1, a room in which nobody meets: write 0 for no limit, or at least 2."
        )
    return errors


class FilterModule:
    """Makes moderation_errors known to Ansible."""

    def filters(self):
        return {"moderation_errors": moderation_errors}
