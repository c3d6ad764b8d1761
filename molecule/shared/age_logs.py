"""Runs on a host as root: lets its logs grow old and sees what is left. Argument: the days a log may live.

The clock stands still. logrotate's own service runs once for each day with a clock moved for it alone; the journal and
loose files get old names and times, and the service that deletes them runs as its timer would start it.
"""

import gzip
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

DAYS = int(sys.argv[1])
DAY = 24 * 3600
MARK = f"marker-{secrets.token_hex(8)}"  # of this run: an earlier one may have left its own
LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
DROP_IN = Path("/run/systemd/system/logrotate.service.d/clock.conf")
CLOCK = Path("/run/moved-clock")
# What daemons write, what Debian writes, and what packages or people may bring: each is there, or is made here.
LOGS = [
    "nginx/access.log", "nginx/error.log", "jitsi/jicofo.log", "jitsi/jvb.log", "jitsi/jigasi.log",
    "jitsi/jibri/log.0.txt", "prosody/prosody.log", "prosody/prosody.err", "letsencrypt/letsencrypt.log",
    "apt/history.log", "apt/term.log", "dpkg.log", "unattended-upgrades/unattended-upgrades.log", "slapd.log",
    "auth.log", "syslog", "messages", "cloud-init.log",
]  # fmt: skip


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout


def lines(path):
    """What is left of a log, its rotated files included."""
    text = ""
    for file in path.parent.glob(path.name + "*"):
        data = file.read_bytes()
        text += (gzip.decompress(data) if file.suffix == ".gz" else data).decode(errors="replace")
    return text.splitlines()


def pass_days():
    """A line a day into every log, and logrotate each night; ages that are left, per log."""
    logs = [Path("/var/log") / name for name in LOGS]
    run("systemctl", "stop", "logrotate.timer")  # comes every few minutes, and would meet the moved clock
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(f"[Unit]\nStartLimitIntervalSec=0\n[Service]\nEnvironmentFile={CLOCK}\n")
    run("systemctl", "daemon-reload")
    for day in range(DAYS + 2):
        CLOCK.write_text(f"LD_PRELOAD={LIBRARY}\nFAKETIME=+{day}d\n")
        for log in logs:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.touch()
        run("systemctl", "start", "logrotate.service")
        for log in logs:
            with log.open("a") as file:
                file.write(f"{MARK} of day {day}\n")
    DROP_IN.unlink()
    CLOCK.unlink()
    run("systemctl", "daemon-reload")
    Path("/var/lib/logrotate/status").unlink()  # it speaks of days that have not come
    run("systemctl", "start", "logrotate.timer")
    return {
        str(log): {DAYS + 1 - int(line.split()[-1]) for line in lines(log) if line.startswith(MARK)} for log in logs
    }


def closed_journals():
    return set(Path("/var/log/journal").glob("*/*@*.journal"))


def old_journal(days):
    """The files of the journal as they would look when they were closed so many days ago."""
    run("systemd-cat", f"--identifier={MARK}", "echo", f"of {days} days")
    run("journalctl", "--sync")
    before = closed_journals()
    run("journalctl", "--rotate")
    for file in closed_journals() - before:
        stem, sequence, _ = file.name.rsplit("-", 2)
        then = int((time.time() - days * DAY) * 1e6)
        file.rename(file.with_name(f"{stem}-{sequence}-{then:016x}.journal"))


def old_file(name, days):
    file = Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("what nobody rotates\n")
    then = time.time() - days * DAY
    os.utime(file, (then, then))
    return file


def main():
    for timer in ("logrotate.timer", "log-retention.timer"):
        run("systemctl", "is-enabled", timer)
        run("systemctl", "is-active", timer)

    if errors := rotated() + vacuumed():
        sys.exit("; ".join(errors))


def rotated():
    """What logrotate left that is too old, or took that is not."""
    return [
        f"{log} holds lines of {sorted(ages)} days" for log, ages in pass_days().items() if ages != set(range(DAYS))
    ]


def vacuumed():
    """The same of the service that looks after the journal and what nobody rotates."""
    errors, ages = [], (DAYS - 1, DAYS, DAYS + 1)
    loose = {age: old_file(f"/var/log/jitsi/loose-{age}", age) for age in ages}
    image = old_file("/tmp/java_pid1.hprof", 2)  # noqa: S108 - where Java writes it
    empty = Path("/var/log/jitsi/in-use")
    empty.touch()
    os.utime(empty, (0, 0))
    # journald goes by the numbers of the lines and stops at the first file that is young enough.
    run("journalctl", "--rotate", "--vacuum-time=1s")
    for age in reversed(ages):
        old_journal(age)
    run("systemctl", "start", "log-retention.service")
    journal = run("journalctl", f"--identifier={MARK}", "--output=cat").splitlines()
    kept = ages[:1]
    if journal != [f"of {age} days" for age in kept]:
        errors.append(f"the journal holds {journal}")
    if tuple(age for age in ages if loose[age].exists()) != kept:
        errors.append(f"loose files are left: {[age for age in ages if loose[age].exists()]}")
    if image.exists():
        errors.append("a memory image is left")
    if not empty.exists():
        errors.append("a log in use was deleted")
    if Path("/etc/sysctl.d/30-core-images.conf").read_text().split("=")[-1].strip() != "|/bin/false":
        errors.append("memory images are written")
    return errors


main()
