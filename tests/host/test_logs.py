"""Logs on a small disk, rotated by Debian's logrotate with the configuration of the role."""

import pytest
from machine import SUITES, Machine, root_filesystems
from rendering import render

DISK, FLOOD = 250, 60  # MB: the disk, and what a flood writes between two looks of logrotate
ROUNDS = 8
# One line of the web server's log, as often as it takes.
WRITE = """
import sys
line = b'192.0.2.0 - - [30/Nov/2026:10:00:00 +0000] "GET / HTTP/2.0" 429 162\\n'
log = open("/var/log/nginx/access.log", "ab", buffering=0)
for _ in sys.stdin:
    log.write(line * (int(sys.argv[1]) * 10**6 // len(line)))
    print("written", flush=True)
"""


@pytest.fixture(params=SUITES)
def machine(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("machine")
    logs = f"mount -t tmpfs -o size={DISK}M small {place}/var/log"
    machine = Machine(root_filesystems()[request.param], place, logs)
    try:
        yield machine
    finally:
        machine.close()


def test_a_flood_of_requests_does_not_fill_the_disk(machine, tmp_path):
    rendered = render("example-single", tmp_path, of_groups={"meet": ("log_retention",)})
    machine.put("/etc/logrotate.conf", rendered.only("logrotate.conf"))
    machine.put("/srv/write.py", WRITE)
    machine.sh("mkdir /var/log/nginx")
    writer = machine.start("python3", "/srv/write.py", str(FLOOD), stdin=-1, text=True)
    for _ in range(ROUNDS):
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "written\n", "the disk is full"
        machine.sh("logrotate /etc/logrotate.conf")
    left = machine.sh("df --output=avail --block-size=1M /var/log").stdout.split()[-1]
    assert int(left) > DISK / 2
    assert machine.sh("cat /var/log/nginx/access.log").stdout == "", "the web server goes on writing into its file"
