"""Logging as Jitsi's daemons do it: to standard output, the level taken from logging.properties."""

import logging
import re
import sys

LEVELS = {"SEVERE": "ERROR", "WARNING": "WARNING", "INFO": "INFO", "CONFIG": "INFO", "OFF": "CRITICAL"}


def setup(name, properties_file=None):
    """The daemon's logger; a line `.level=WARNING` in the properties file makes it quieter, `a.b.level=OFF` a part."""
    level, parts = "INFO", []
    try:
        with open(properties_file, encoding="utf-8") as lines:
            text = lines.read()
            found = re.findall(r"^\.level\s*=\s*(\w+)", text, re.M)
            parts = re.findall(r"^([\w.]+)\.level\s*=\s*(\w+)", text, re.M)
            level = LEVELS.get(found[-1], "DEBUG") if found else "INFO"
    except (OSError, TypeError):
        pass  # no such file: the default
    logging.basicConfig(
        stream=sys.stdout, level=level, format=name + " %(asctime)s.%(msecs)03d %(levelname)s: %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )  # fmt: skip
    for part, wanted in parts:
        logging.getLogger(part).setLevel(LEVELS.get(wanted, "DEBUG"))
    log = logging.getLogger(name)
    log.critical("STAND-IN: this is a stand-in for %s, not Jitsi's own program", name)
    return log
