"""Runs on a server as root: where do secrets stand for everybody to read? Knows the secrets by their digests only.

Arguments: SHA-256 digests. Prints a JSON list of [digest, place]; a place is a file or a process.
"""

import hashlib
import json
import os
import re
import stat
import sys

PLACES = ["/etc", "/home", "/opt", "/root", "/run", "/srv", "/usr/local", "/usr/share/jitsi-meet", "/var"]
PLACES += ["/tmp"]  # noqa: S108  # is searched, not used
SYSTEM = ("/var/lib/apt", "/var/lib/dpkg/info", "/var/cache/apt", "/run/udev", "/run/systemd")
TOKEN = re.compile(rb"[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")  # the form of all derived secrets
LARGEST = 20_000_000

wanted = set(" ".join(sys.argv[1:]).split())


def matches(data):
    for token in set(TOKEN.findall(data)):
        digest = hashlib.sha256(token).hexdigest()
        if digest in wanted:
            yield digest


def contents(folder, names):
    """The files of the folder that everybody may read, with their contents."""
    for name in names:
        path = os.path.join(folder, name)
        try:
            info = os.lstat(path)
            if stat.S_ISREG(info.st_mode) and info.st_mode & stat.S_IROTH and info.st_size < LARGEST:
                with open(path, "rb") as file:
                    yield path, file.read()
        except FileNotFoundError:
            continue  # gone since it was listed


def closed(folder):
    """Nobody but root and the owner gets below it, or it holds nothing but the operating system's own."""
    try:
        return folder.startswith(SYSTEM) or not os.stat(folder).st_mode & stat.S_IXOTH
    except FileNotFoundError:
        return True


found = []
for place in PLACES:
    for folder, folders, names in os.walk(place):
        if closed(folder):
            folders.clear()
            continue
        for path, data in contents(folder, names):
            found += [(digest, path) for digest in matches(data)]
for process in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            command = file.read()
    except (FileNotFoundError, ProcessLookupError):
        continue
    found += [(digest, "process " + command.split(b"\0")[0].decode(errors="replace")) for digest in matches(command)]
print(json.dumps(sorted(set(found))))
