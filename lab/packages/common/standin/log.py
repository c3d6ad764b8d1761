"""Logging as Jitsi's daemons do it: to standard output, level and format taken from logging.properties."""

import logging
import re
import sys

LEVELS = {"SEVERE": "ERROR", "WARNING": "WARNING", "INFO": "INFO", "CONFIG": "INFO", "OFF": "CRITICAL"}
JAVA_LEVELS = {"CRITICAL": "SEVERE", "ERROR": "SEVERE", "DEBUG": "FINE"}
SIMPLE = "java.util.logging.SimpleFormatter"


class JitsiLogFormatter(logging.Formatter):
    """Upstream's own: every line carries the context of the object that logs, the room and the endpoint."""

    def __init__(self, name):
        super().__init__(
            f"{name} %(asctime)s.%(msecs)03d %(levelname)s: [1] %(context)s%(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"
        )

    def format(self, record):
        context = getattr(record, "about", {})
        words = " ".join(f"{key}={value}" for key, value in context.items())
        record.context = f"[{words}] " if words else ""
        return super().format(record)


class SimpleFormatter(logging.Formatter):
    """Java's own, with its format; of the context it knows nothing."""

    def __init__(self, form):
        super().__init__()
        self.form = form

    def format(self, record):
        values = {
            "1$tF": self.formatTime(record, "%Y-%m-%d"),
            "1$tT": self.formatTime(record, "%H:%M:%S"),
            "2$s": record.name,
            "3$s": record.name,
            "4$s": JAVA_LEVELS.get(record.levelname, record.levelname),
            "5$s": record.getMessage(),
            "6$s": "\n" + self.formatException(record.exc_info) if record.exc_info else "",
            "n": "",  # the handler ends the line
        }
        return re.sub(r"%(\d\$\w+|n)", lambda found: values[found[1]], self.form)


def setup(name, properties_file=None):
    """The daemon's logger; a line `.level=WARNING` in the properties file makes it quieter, `a.b.level=OFF` a part."""
    properties = {}
    try:
        with open(properties_file, encoding="utf-8") as lines:
            properties = dict(re.findall(r"^([\w.]*)\s*=\s*(.*?)\s*$", lines.read(), re.M))
    except (OSError, TypeError):
        pass  # no such file: the defaults
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JitsiLogFormatter(name))
    if properties.get("java.util.logging.ConsoleHandler.formatter") == SIMPLE:
        handler.setFormatter(SimpleFormatter(properties.get(f"{SIMPLE}.format", "%1$tF %1$tT %2$s%n%4$s: %5$s%6$s%n")))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(LEVELS.get(properties.get(".level", "INFO"), "DEBUG"))
    for key, wanted in properties.items():
        part = key.removesuffix(".level")
        if part and part != key and not part.startswith("java."):
            logging.getLogger(part).setLevel(LEVELS.get(wanted, "DEBUG"))
    log = logging.getLogger(name)
    log.critical("STAND-IN: this is a stand-in for %s, not Jitsi's own program", name)
    return log
