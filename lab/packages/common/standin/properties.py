"""Settings in Java's properties files, checked against the list of keys the program knows."""

import base64
import binascii
import difflib
import json
import re

from .settings import SettingsError, convert

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def unescaped(text):
    """What Java's reader makes of escapes."""
    text = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text)


def read(path):
    """Name to value, as java.util.Properties reads the file; the last of two lines counts."""
    try:
        with open(path, encoding="latin-1") as file:
            text = re.sub(r"(?<!\\)((?:\\\\)*)\\\r?\n[ \t\f]*", r"\1", file.read())
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    found = {}
    for line in text.splitlines():
        line = line.lstrip(" \t\f")
        if not line or line[0] in "#!":
            continue
        name, value = re.fullmatch(r"((?:\\.|[^\\:= \t\f])*)[ \t\f]*[:=]?[ \t\f]*(.*)", line).groups()
        found[unescaped(name)] = unescaped(value)
    return found


def judged(value, kind):
    """The value as its kind, or ValueError: boolean and the numbers, secret (base64), list (of texts, in JSON)."""
    if kind == "boolean":
        return {"true": True, "false": False}[value]
    if kind == "secret":
        return base64.b64decode(value, validate=True).decode()
    if kind == "list":
        return convert(json.loads(value), "strings")
    return convert(value, kind)


class Properties:
    """The checked settings of one program. In a key "*" stands for one segment of any name, "**" for several."""

    def __init__(self, path, keys_file):
        with open(keys_file, encoding="utf-8") as lines:
            keys = dict(line.split() for line in lines if line.strip() and not line.startswith("#"))
        self.path, self.values = path, {}
        patterns = [(re.escape(key).replace(r"\*\*", ".+").replace(r"\*", "[^.]+"), kind) for key, kind in keys.items()]
        for name, value in read(path).items():
            kind = next((kind for pattern, kind in patterns if re.fullmatch(pattern, name)), None)
            if not kind:
                near = difflib.get_close_matches(name, keys, n=1, cutoff=0.6)
                hint = f" (nearest known key: {near[0]})" if near else ""
                raise SettingsError(f"{path}: unknown key {name}{hint}")
            try:
                self.values[name] = judged(value, kind)
            except (ValueError, KeyError, AttributeError, TypeError, binascii.Error):
                # A secret that is none is not printed.
                shown = "" if kind == "secret" else f" = {json.dumps(value)}"
                raise SettingsError(f"{path}: {name}{shown} is no {kind}") from None

    def get(self, name, default=None):
        return self.values.get(name, default)

    def below(self, prefix):
        """Key to value of everything below the prefix."""
        return {name[len(prefix) + 1 :]: value for name, value in self.values.items() if name.startswith(prefix + ".")}

    def account(self, prefix):
        """The first account below the prefix: its settings, or {}."""
        name = next((name for name in self.below(prefix) if "." not in name), "")
        return self.below(f"{prefix}.{name}") if name else {}
