"""HOCON settings, checked against the list of keys the program knows.

The file is parsed by ruby-hocon, the library Jitsi's own packages depend on, so includes, substitutions and merges
mean what they mean there.
"""

import difflib
import json
import os
import re
import shlex
import subprocess

UNITS = {
    "duration": {
        "": 0.001,
        "ms": 0.001, "millis": 0.001, "millisecond": 0.001, "milliseconds": 0.001,
        "s": 1, "second": 1, "seconds": 1,
        "m": 60, "minute": 60, "minutes": 60,
        "h": 3600, "hour": 3600, "hours": 3600,
        "d": 86400, "day": 86400, "days": 86400,
    },
    "bandwidth": {"bps": 1, "kbps": 1e3, "mbps": 1e6},
    "percent": {"%": 0.01},
}  # fmt: skip
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
PARSE = 'require "hocon"; require "json"; puts JSON.generate(Hocon.load(ARGV[0]))'


class SettingsError(Exception):
    """A configuration the program cannot run with; the message is one line."""


def java_properties(environment, default_file=None):
    """The -D properties of JAVA_TOOL_OPTIONS, which every Java reads, and of JAVA_SYS_PROPS, which win.

    config.file falls back to default_file, as the start script does.
    """
    words = [
        word for name in ("TOOL_OPTIONS", "SYS_PROPS") for word in shlex.split(environment.get(f"JAVA_{name}", ""))
    ]
    properties = dict(word[2:].split("=", 1) for word in words if word.startswith("-D") and "=" in word)
    if "config.file" not in properties:
        if not (default_file and os.path.exists(default_file)):
            raise SettingsError("JAVA_SYS_PROPS names no -Dconfig.file=...")
        properties["config.file"] = default_file
    return properties


def parse(path):
    """The HOCON file as plain dictionaries and lists."""
    if not os.access(path, os.R_OK):
        raise SettingsError(f"{path}: cannot be read")
    done = subprocess.run(["ruby", "-e", PARSE, path], capture_output=True, text=True, check=False)
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if "Error" in line] or [done.stderr.strip()]
        raise SettingsError(f"{path}: not HOCON: {reasons[0]}")
    return json.loads(done.stdout)


def convert(value, kind):
    """The value as its kind; raises ValueError.  As Typesafe's config library does, "5222" passes for 5222."""
    if kind == "any" or (kind == "map" and isinstance(value, dict)):
        return value
    if kind == "strings" and isinstance(value, list):
        return [convert(item, "string") for item in value]
    if isinstance(value, (dict, list)) or value is None:
        raise ValueError
    # To Typesafe's library a boolean is no number, but a text.
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if kind in SCALARS:
        return SCALARS[kind](text)
    if kind in UNITS:
        number, unit = re.fullmatch(r"\s*(-?[\d.]+)\s*([A-Za-z%]*)\s*", text).groups()
        return float(number) * UNITS[kind][unit]
    if text in kind.split("|"):
        return text
    raise ValueError


def whole(text):
    if float(text) != int(float(text)):
        raise ValueError
    return int(float(text))


SCALARS = {"boolean": lambda text: BOOLEANS[text], "string": str, "integer": whole, "number": float}


class Settings:
    """The checked settings of one program, asked for by path."""

    def __init__(self, path, keys_file):
        with open(keys_file, encoding="utf-8") as lines:
            self.keys = dict(line.split() for line in lines if line.strip() and not line.startswith("#"))
        self.path = path
        self.patterns = [(key.split("."), kind) for key, kind in self.keys.items()]
        self.values = {}
        self.tree = parse(path)
        self._check((), self.tree)

    def _kind(self, path):
        """The kind of the key at path, "" for a known group of keys, None for neither."""
        group = None
        for pattern, kind in self.patterns:
            if all(want in ("*", got) for want, got in zip(pattern, path, strict=False)):
                if len(pattern) == len(path):
                    return kind
                if len(pattern) > len(path):
                    group = ""
        return group

    def _check(self, path, value):
        name = ".".join(path)
        kind = self._kind(path) if path else ""
        if kind is None:
            near = difflib.get_close_matches(name, self.keys, n=1, cutoff=0.6)
            hint = f" (nearest known key: {near[0]})" if near else ""
            raise SettingsError(f"{self.path}: unknown key {name}{hint}")
        if kind:
            try:
                self.values[name] = convert(value, kind)
            except (ValueError, KeyError, AttributeError, TypeError):
                raise SettingsError(f"{self.path}: {name} = {json.dumps(value)} is no {kind}") from None
        elif isinstance(value, dict):
            for key, item in value.items():
                self._check((*path, key), item)
        elif isinstance(value, list) and self._kind((*path, "[]")) is not None:
            for item in value:
                self._check((*path, "[]"), item)
        else:
            raise SettingsError(f"{self.path}: {name} = {json.dumps(value)} must be a group of keys")

    def get(self, path, default=None):
        """The value at path, converted to its kind, or the default."""
        return self.values.get(path, default)

    def need(self, path):
        """The value at path, which must be there."""
        if path not in self.values:
            raise SettingsError(f"{self.path}: {path} is missing")
        return self.values[path]

    def group(self, path):
        """The raw value at path: a dictionary or a list, or {} when it is not there."""
        value = self.tree
        for key in path.split("."):
            value = value.get(key, {}) if isinstance(value, dict) else {}
        return value
