"""Kamailio itself reads back thousands of texts that the toolkit has written for it."""

import re

import pytest
from corpus import examples, first_difference, texts
from machine import wait

from toolkit.formats.to_db_text import to_db_text
from toolkit.formats.to_kamailio import to_kamailio

VALUES = examples(texts("\"'\\$!#{}():,;/=nrt%<> "))
# Says what it has read, and ends.
SCRIPT = """#!KAMAILIO
debug=-2
log_stderror=yes
fork=no
children=1
max_while_loops=100000
listen=udp:127.0.0.1:45060
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_text.so"
loadmodule "sqlops.so"
modparam("sqlops", "sqlcon", "tables=>text:///etc/kamailio/written")
request_route { exit; }
event_route[core:worker-one-init] {
  %s
  xlog("L_ALERT", "done\\n");
}
"""
ROWS = """
  sql_query("tables", "select id, text from texts", "rows");
  $var(i) = 0;
  while ($var(i) < $dbr(rows=>rows)) {
    xlog("L_ALERT", "row $dbr(rows=>[$var(i),0]):$(dbr(rows=>[$var(i),1]){s.encode.hexa})\\n");
    $var(i) = $var(i) + 1;
  }
"""


@pytest.fixture
def says(place):
    """says(statements): what Kamailio writes to its log while it runs them."""
    place.stop()
    rows = [to_db_text([n, value]) for n, value in enumerate(VALUES)]
    place.machine.put("/etc/kamailio/written/version", "table_name(string) table_version(int)\ntexts:1\n")
    place.machine.put("/etc/kamailio/written/texts", "\n".join(["id(int) text(string,null)", *rows, ""]))
    running = []

    def run(statements):
        place.machine.put("/etc/kamailio/texts.cfg", SCRIPT % statements)
        place.machine.sh("install -d -o kamailio -g kamailio -m 770 /run/kamailio; : > /var/log/kamailio.out")
        command = "exec kamailio -DD -E -M 256 -f /etc/kamailio/texts.cfg > /var/log/kamailio.out 2>&1"
        running.append(place.machine.daemon("kamailio", "kamailio", command))
        log = place.machine.log
        wait(lambda: "<script>: done" in log("kamailio.out"), lambda: log("kamailio.out")[-2000:], 60)
        return log("kamailio.out")

    yield run
    for process in running:
        place.machine.stop(process, killed_after=5)


def test_strings_of_assignments(says):
    said = says(
        "\n".join(
            f'$var(x) = {to_kamailio(value, plain=True)}; xlog("L_ALERT", "text {n}:$(var(x){{s.encode.hexa}})\\n");'
            for n, value in enumerate(VALUES)
        )
    )
    read = dict(re.findall(r"<script>: text (\d+):([0-9a-f]*)$", said, re.M))
    assert first_difference(VALUES, [bytes.fromhex(read[str(n)]).decode() for n in range(len(VALUES))]) is None


def test_parameters_of_functions(says):
    said = says(
        "\n".join(
            f'xlog("L_ALERT", {to_kamailio(f"text {n}:{value}|")}); xlog("L_ALERT", "\\n");'
            for n, value in enumerate(VALUES)
        )
    )
    read = dict(re.findall(r"<script>: text (\d+):(.*)\| \d+\(\d+\) ALERT: <script>: $", said, re.M))
    assert first_difference(VALUES, [read[str(n)] for n in range(len(VALUES))]) is None


def test_rows_of_tables(says):
    read = dict(re.findall(r"<script>: row (\d+):([0-9a-f]*)$", says(ROWS), re.M))
    assert first_difference(VALUES, [bytes.fromhex(read[str(n)]).decode() for n in range(len(VALUES))]) is None
