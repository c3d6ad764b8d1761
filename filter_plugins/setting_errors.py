"""Filter setting_errors: what is wrong with a customer's settings, one sentence per error."""

import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.forms import FORMS
from toolkit.sentences import looks_secret, name_of, nearest, one_of, quote

DOCUMENTATION = r"""
name: setting_errors
short_description: List every error of a customer's settings
description:
  - Compares settings with the options of a role's C(argument_specs), at any depth, and with limits that
    C(argument_specs) cannot express.
  - All errors are listed together. Each sentence has the variable, its value and the fix; an unknown key names the
    nearest valid one. The value of an option with C(no_log) is never quoted.
  - Stricter than Ansible's own validation, which converts. A number in quotes is not a number here, because the
    roles would receive it as it was written.
positional: _input, options, limits, catalogues, unreadable
options:
  _input:
    description: The settings, name to value.
    type: dict
    required: true
  options:
    description: The C(options) of an entry point of C(argument_specs).
    type: dict
    required: true
  limits:
    description:
      - Path of a setting to its limits. In a path C(.*) stands for every item of a list and every key of a catalogue.
      - Known limits are C(pattern), C(format) (a name of C(toolkit/forms.py)), C(at_least), C(at_most), C(shortest),
        C(unique), C(key_of), C(empty), C(keys) (the path whose limits each key of a mapping keeps), C(file) (where a
        mapping is written, by default V(main.yml)); C(write) is the fix.
    type: dict
  catalogues:
    description: Name of a setting with free keys to the options each of its entries has.
    type: dict
  unreadable:
    description: Path of a setting that could not be evaluated to the reason.
    type: dict
"""

EXAMPLES = r"""
errors: "{{ {'jitsi_log_dais': 14} | setting_errors({'jitsi_log_retention_days': {'type': 'int'}}) }}"
# -> ["jitsi_log_dais is not a setting: write jitsi_log_retention_days."]
"""

RETURN = r"""
_value:
  description: One sentence per error, in the order of the contract; empty when there is none.
  type: list
  elements: str
"""

# type of argument_specs -> (Python types, how a person says it)
TYPES = {
    "str": ((str,), "a text"),
    "path": ((str,), "a path"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "list": ((list, tuple), "a list"),
    "dict": ((dict,), "a mapping"),
    "raw": ((object,), "a value"),
}
LONGEST_LIST = 1000  # items; the largest plan has 40 seats
GUESSES = 20  # unknown names that are compared with the known ones, a hundredth of a second each


def _has_type(value: object, type_: str) -> bool:
    if isinstance(value, bool):
        return type_ in ("bool", "raw")
    return isinstance(value, TYPES[type_][0])


def _missing(value: dict, option: dict) -> list[str]:
    """Names that value must have and has not."""
    names = [name for name, sub in option["options"].items() if sub.get("required")]
    for key, wanted, more in option.get("required_if", []):
        if value.get(key) == wanted:
            names += more
    return [name for name in dict.fromkeys(names) if name not in value]


def _fix_of_type(value: object, option: dict, fix: str, is_limit: bool) -> str:
    """What to write instead of a value of another type; fix is the limit's own where there is one."""
    if "choices" in option:
        return f"one of {', '.join(option['choices'])}"
    if option.get("type", "str") in ("str", "path") and isinstance(value, (bool, int, float)):
        return f"{fix}, in quotes" if is_limit else "it in quotes, because it is a text"
    return f"a mapping of {', '.join(option['options'])}" if "options" in option else fix


class _Contract:
    """Collects the errors of one set of settings."""

    def __init__(self, settings, limits, unreadable):
        self.settings, self.limits, self.unreadable, self.errors = settings, limits, unreadable, []
        self.guesses = 0

    def limit(self, path: str) -> dict:
        """The limit of a path; where it depends on another setting, that one's word decides."""
        limit = self.limits.get(path, {})
        for other, cases in limit.get("where", {}).items():
            value = self.settings
            for key in other.split("."):
                value = value.get(key) if isinstance(value, dict) else None
            limit = limit | next((case for word, case in cases.items() if word == value), {})
        return limit

    def refuse(self, path: str, value: object, secret: bool, fix: str) -> None:
        state = quote(value)
        if secret:
            state = "refused, and not shown because it is secret"
        elif looks_secret(value):
            state = "refused, and not shown because it looks like a secret"
        self.errors.append(f"{path} is {state}: write {fix}.")

    def mapping(self, value: dict, option: dict, path: str, limit_path: str) -> None:
        """Check the keys of value against option's options, then each value."""
        options = option["options"]
        prefix, limit_prefix = (f"{p}." if p else "" for p in (path, limit_path))
        for key in value:
            if key not in options:
                self.unknown(prefix, key, list(options), path)
        for name in _missing(value, option):
            if prefix + name not in self.unreadable:
                place = self.limits.get(limit_path, {}).get("file", "main.yml")
                self.errors.append(self.missing(prefix + name, options[name], place))
        self.together(value, option, path, prefix)
        for name, sub in options.items():
            if name in value:
                self.value(value[name], sub, prefix + name, limit_prefix + name)

    def together(self, value: dict, option: dict, path: str, prefix: str) -> None:
        """Check which keys of value need, or exclude, each other."""
        for names in option.get("required_one_of", []):
            if not any(name in value or prefix + name in self.unreadable for name in names):
                self.errors.append(f"{path} is incomplete: write {one_of([prefix + n for n in names])}.")
        for names in option.get("mutually_exclusive", []):
            both = [prefix + name for name in names if name in value]
            if len(both) > 1:
                self.errors.append(f"{' and '.join(both)} exclude each other: write only one of them.")

    def unknown(self, prefix: str, key: object, names: list[str], path: str) -> None:
        self.guesses += 1
        near = nearest(key, names) if self.guesses <= GUESSES else []
        if near:
            fix = f"write {prefix}{near[0]}"
        elif path:
            fix = f"{path} has {', '.join(sorted(names))}"
        else:
            fix = "docs/settings.md lists all of them"
        self.errors.append(f"{prefix}{name_of(key)} is not a setting: {fix}.")

    @staticmethod
    def missing(path: str, option: dict, place: str) -> str:
        place = "vault.yml" if option.get("no_log") else place
        meaning = option.get("description", "")
        meaning = (meaning[0] if isinstance(meaning, list) else meaning).split(". ")[0].rstrip(".")
        meaning = re.sub(r"\b[A-Z]+\(([^)]*)\)", r"\1", meaning)  # C(x), RV(x): marks for ansible-doc
        note = f" ({meaning})" if meaning else ""
        return f"{path} is missing: write it in group_vars/jitsi/{place}{note}."

    def value(self, value: object, option: dict, path: str, limit_path: str, secret: bool = False) -> None:
        """Check one value: type, settings, limits, then what it contains."""
        if path in self.unreadable:
            return
        secret = secret or option.get("no_log", False)
        limit = self.limit(limit_path)
        if fix := self.fix(value, option, limit):
            self.refuse(path, value, secret, fix)
        elif not secret and looks_secret(value):
            self.refuse(path, value, secret, "it without what is secret")
        elif isinstance(value, dict) and "options" in option:
            self.mapping(value, option, path, limit_path)
        elif isinstance(value, dict) and "keys" in limit:
            for key in value:
                self.value(key, {}, f"a key of {path}", limit["keys"])
        elif isinstance(value, (list, tuple)):
            item = {**option, "type": option.get("elements", "raw"), "no_log": secret}
            for number, each in enumerate(value):
                self.value(each, item, f"{path}[{number}]", f"{limit_path}.*")

    def fix(self, value: object, option: dict, limit: dict) -> str:
        """What to write instead of the value itself; nothing when it is right."""
        type_ = option.get("type", "str")
        fix = limit.get("write", TYPES[type_][1])
        if not _has_type(value, type_):
            return _fix_of_type(value, option, fix, "write" in limit)
        if "choices" in option and value not in option["choices"]:
            near = nearest(value, option["choices"])
            return near[0] if near else f"one of {', '.join(option['choices'])}"
        if isinstance(value, str) and not value.isprintable():
            return f"{fix}, without control characters"
        if isinstance(value, (list, tuple)) and len(value) > LONGEST_LIST:
            return f"{LONGEST_LIST} items at most"
        if value == "":
            return "" if limit.get("empty") else fix
        if self.within(value, limit):
            return ""
        return self.key_fix(value, limit) if "key_of" in limit else fix

    def within(self, value: object, limit: dict) -> bool:
        """Tell whether value keeps its limits."""
        if "key_of" in limit:
            catalogue = self.settings.get(limit["key_of"])
            return not isinstance(catalogue, dict) or value in catalogue
        if "pattern" in limit and not re.fullmatch(limit["pattern"], value, re.ASCII):
            return False
        if "format" in limit:
            try:
                FORMS[limit["format"]](value)
            except ValueError:
                return False
        if "unique" in limit and any(each in value[:number] for number, each in enumerate(value)):
            return False
        if len(value) < limit.get("shortest", 0) if isinstance(value, (str, list, tuple)) else False:
            return False
        if isinstance(value, (int, float)):
            return limit.get("at_least", value) <= value <= limit.get("at_most", value)
        return True

    def key_fix(self, value: object, limit: dict) -> str:
        names = [name for name in self.settings[limit["key_of"]] if isinstance(name, str)]
        near = nearest(value, names)
        return near[0] if near else f"a key of {limit['key_of']} ({', '.join(map(name_of, names))})"


def setting_errors(settings, options, limits=None, catalogues=None, unreadable=None) -> list[str]:
    """Return the errors of settings, one sentence each."""
    contract = _Contract(settings, limits or {}, unreadable or {})
    for path, reason in contract.unreadable.items():
        if re.split(r"[.\[]", path)[0] not in options:
            contract.unknown("", path, list(options), "")
        else:
            reason = "the reason is not shown" if options.get(path, {}).get("no_log") else reason[:120]
            contract.errors.append(f"{path} cannot be read ({reason}): write a plain value.")
    contract.mapping(settings, {"options": options}, "", "")
    for name, entry in (catalogues or {}).items():
        catalogue = settings.get(name)
        if isinstance(catalogue, dict):
            for key, value in catalogue.items():
                if isinstance(key, str):
                    contract.value(value, {"type": "dict", "options": entry}, f"{name}.{name_of(key)}", f"{name}.*")
                else:
                    contract.errors.append(f"{name}.{name_of(key)} is not a text: write the key in quotes.")
    return contract.errors


class FilterModule:
    """Makes setting_errors known to Ansible."""

    def filters(self):
        return {"setting_errors": setting_errors}
