"""Filter to_properties: data as a file of Java properties."""

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: to_properties
short_description: Print data as Java properties
description:
  - One line per value, C(name=value), in the order of the data. Names of nested mappings are joined by dots; a value
    under an empty name is that of the mapping's own name.
  - Whatever means something to Java's reader is escaped, so that it reads what the data says and nothing else.
positional: _input
options:
  _input:
    description: Texts, numbers and truth values, in mappings of any depth.
    type: dict
    required: true
"""

EXAMPLES = r"""
text: "{{ {'phone': {'acc1': {'': 'acc1', 'PORT': 5060, 'TLS': false}}} | to_properties }}"
# -> phone.acc1=acc1
#    phone.acc1.PORT=5060
#    phone.acc1.TLS=false
"""

RETURN = r"""
_value:
  description: The lines.
  type: str
"""

EVERYWHERE = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
IN_NAMES = EVERYWHERE | {character: "\\" + character for character in " :=#!"}


def _escaped(text: str, escapes: dict) -> str:
    """What Java's reader takes for this text; beyond ASCII by number, because its file is Latin-1."""
    units = ("".join(escapes.get(character, character) for character in text)).encode("utf-16-be")
    codes = [int.from_bytes(units[place : place + 2]) for place in range(0, len(units), 2)]
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)


def _value(name: str, value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        raise AnsibleFilterError(f"to_properties: {name} is neither a text nor a number nor true or false")
    text = _escaped(str(value), EVERYWHERE)
    return "\\" + text if text.startswith(" ") else text


def _lines(data: dict, path: tuple = ()):
    for key, value in data.items():
        name = ".".join((*path, str(key)) if key != "" else path)
        if isinstance(value, dict):
            yield from _lines(value, (*path, str(key)))
        else:
            yield name, f"{_escaped(name, IN_NAMES)}={_value(name, value)}\n"


def to_properties(data: dict) -> str:
    """Return the data as lines of Java properties."""
    if not isinstance(data, dict):
        raise AnsibleFilterError("to_properties: needs a mapping")
    lines = list(_lines(data))
    names = [name for name, _ in lines]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AnsibleFilterError(f"to_properties: {', '.join(twice)} stands twice")
    return "".join(line for _, line in lines)


class FilterModule:
    """Makes to_properties known to Ansible."""

    def filters(self):
        return {"to_properties": to_properties}
