"""Runs on a server: where do secrets stand for others to read? Knows the secrets by their digests only.

As root it looks for what everybody may read, as another user for what that user may read. Arguments: SHA-256 digests.
Prints a JSON list of [digest, place]; a place is a file or a process.
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
everybody = os.geteuid() == 0


def matches(data):
    for token in set(TOKEN.findall(data)):
        digest = hashlib.sha256(token).hexdigest()
        if digest in wanted:
            yield digest


def readable(path, info):
    return info.st_mode & stat.S_IROTH if everybody else os.access(path, os.R_OK)


def contents(folder, names):
    """The files of the folder that may be read, with their contents."""
    for name in names:
        path = os.path.join(folder, name)
        try:
            info = os.lstat(path)
            if stat.S_ISREG(info.st_mode) and readable(path, info) and info.st_size < LARGEST:
                with open(path, "rb") as file:
                    yield path, file.read()
        except (FileNotFoundError, PermissionError):
            continue  # gone since it was listed, or closed by more than its mode


def closed(folder):
    """Who asks does not get below it, or it holds nothing but the operating system's own."""
    try:
        may_enter = os.stat(folder).st_mode & stat.S_IXOTH if everybody else os.access(folder, os.X_OK)
        return folder.startswith(SYSTEM) or not may_enter
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
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        continue
    found += [(digest, "process " + command.split(b"\0")[0].decode(errors="replace")) for digest in matches(command)]
print(json.dumps(sorted(set(found))))
