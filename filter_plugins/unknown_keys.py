"""Filter unknown_keys: what a configuration says that the program it is for does not read."""

DOCUMENTATION = r"""
name: unknown_keys
short_description: Find the keys of a configuration that stand in no list
positional: _input, known
options:
  _input:
    description: The configuration, mappings in mappings.
    type: dict
    required: true
  known:
    description:
      - The paths of keys (C(a.b)), as lines; empty lines and those that begin with C(#) do not count.
      - What stands below a path without further lines is free.
    type: str
    required: true
"""

EXAMPLES = r"""
unknown: "{{ {'p2p': {'enable': true}} | unknown_keys('p2p.enabled') }}"  # ['p2p.enable']
"""

RETURN = r"""
_value:
  description: The paths of the unknown keys, in the order of the configuration.
  type: list
  elements: str
"""


def _paths(configuration: dict, parents: tuple = ()):
    """The paths of all that is no mapping, or an empty one."""
    for key, value in configuration.items():
        if isinstance(value, dict) and value:
            yield from _paths(value, (*parents, key))
        else:
            yield (*parents, key)


def unknown_keys(configuration: dict, known: str) -> list[str]:
    """Return the paths that are neither known nor below a known one that is free."""
    lines = {tuple(line.split(".")) for line in known.splitlines() if line and not line.startswith("#")}
    inner = {line[:length] for line in lines for length in range(1, len(line))}
    free = lines - inner

    def is_known(path: tuple) -> bool:
        return path in lines | inner or any(path[:length] in free for length in range(1, len(path)))

    return [".".join(map(str, path)) for path in _paths(configuration) if not is_known(path)]


class FilterModule:
    """Makes unknown_keys known to Ansible."""

    def filters(self):
        return {"unknown_keys": unknown_keys}
