"""What contradicts itself in the rules for rooms and moderators, one sentence per error."""

from dataclasses import dataclass

from toolkit.shapes import Settings


@dataclass(frozen=True)
class Names:
    """What rooms may be called: jitsi_room_names, as far as it has the right types."""

    prefixes: list[str]
    fixed: list[str]
    shortest: int

    def allow(self, name: str) -> bool:
        """Tell whether a room may be called so, as the module in prosody decides it."""
        if name in self.fixed or not (self.prefixes or self.fixed or self.shortest):
            return True
        if self.fixed and not self.prefixes:
            return False
        return (not self.prefixes or name.startswith(tuple(self.prefixes))) and len(name) >= self.shortest


def _names(settings: Settings) -> Names:
    rules = settings.get("jitsi_room_names")
    rules = rules if isinstance(rules, dict) else {}
    shortest = rules.get("shortest")
    return Names(
        _texts(rules.get("prefixes")), _texts(rules.get("fixed")), shortest if isinstance(shortest, int) else 0
    )


def _is_plain(text: object) -> bool:
    """Can it stand in a sentence? What cannot, setting_errors refuses."""
    return isinstance(text, str) and text.isprintable() and len(text) <= 100


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, tuple)) else []


def _known_moderators(settings: Settings) -> tuple[set[str], str] | None:
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


def _seat_errors(settings: Settings) -> list[str]:
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


def _nobody_errors(settings: Settings) -> list[str]:
    known, rule = _known_moderators(settings), settings.get("jitsi_moderator_source")
    if rule not in ("listed", "all") or settings.get("jitsi_moderators") != [] or known is None or known[0]:
        return []
    return [
        f"jitsi_moderators is an empty list and jitsi_moderator_source is {rule}, so nobody could open a room: write "
        "at least one login name, or let a directory decide with group or all."
    ]


def _room_errors(room: str, people: object, moderators: set[str] | None, names: Names) -> list[str]:
    """Return the errors of one room of jitsi_room_comoderators."""
    logins = _texts(people)
    if not isinstance(people, list) or not people or len(logins) < len(people):
        return [f"jitsi_room_comoderators.{room} is no list of login names: write one such as [anna, bernd]."]
    errors = []
    if not names.allow(room):
        errors.append(
            f"jitsi_room_comoderators names room {room}, which jitsi_room_names forbids: remove it or add it to "
            "jitsi_room_names.fixed."
        )
    return errors + [
        f"jitsi_room_comoderators.{room} names {person}, who is no moderator: remove the name or add it to "
        "jitsi_moderators."
        for person in logins
        if moderators is not None and person not in moderators and _is_plain(person)
    ]


def _comoderator_errors(settings: Settings, names: Names) -> list[str]:
    comoderators = settings.get("jitsi_room_comoderators")
    comoderators = comoderators if isinstance(comoderators, dict) else {}
    if comoderators and settings.get("jitsi_room_moderation") == "any":
        return [
            "jitsi_room_comoderators means nothing with jitsi_room_moderation any, where every moderator moderates "
            "every room: remove it or write own."
        ]
    known = _known_moderators(settings)
    return [
        error
        for room, people in comoderators.items()
        if _is_plain(room)
        for error in _room_errors(room, people, known[0] if known else None, names)
    ]


def moderation_errors(settings: Settings) -> list[str]:
    """Return the contradictions, one sentence each."""
    names = _names(settings)
    errors = _nobody_errors(settings) + _seat_errors(settings) + _comoderator_errors(settings, names)
    if names.fixed and not names.prefixes and names.shortest:
        errors.append(
            f"jitsi_room_names.shortest is {names.shortest} and jitsi_room_names.fixed alone says which rooms there "
            "are: write 0, or prefixes for further rooms."
        )
    if settings.get("jitsi_room_max_occupants") == 1:
        errors.append(
            "jitsi_room_max_occupants is 1, a room in which nobody meets: write 0 for no limit, or at least 2."
        )
    return errors
