import json
import re
import shutil
import subprocess

import pytest

from toolkit.firewall.stream_targets import stream_targets

DOMAIN = "meet.acme.example"
# Of the letters that derived secrets have.
OWN = f"rtmps://stream.{DOMAIN}:1936/live/live?key=abc-123_DEF"
TARGETS = ["own", "youtube", "rtmps://live.acme.example/app", "rtmp://tv.acme.example:1940/a/b"]
GOOD = [OWN, "rtmps://live.acme.example/app/key-1", "rtmp://tv.acme.example:1940/a/b/key"]
BAD = [
    "",
    "rtmps://stream.evil.example:1936/live/live?key=abc",
    f"rtmps://streamXmeet.acme.example:1936/live/live?key=abc{DOMAIN}",
    f"rtmp://stream.{DOMAIN}:1936/live/live?key=abc",
    f"{OWN} -f mp4 /tmp/x",
    f"x{OWN}",
    "rtmps://live.acme.example/application/key",
    "rtmps://live.acme.example.evil.example/app/key",
    "rtmps://live.acme.example/app/",
    "rtmps://evil.example/?rtmps://live.acme.example/app/key",
    "/etc/passwd",
]


@pytest.mark.parametrize("address", GOOD)
def test_an_allowed_address_matches_as_a_whole(address):
    guards = stream_targets(TARGETS, DOMAIN)
    assert any(re.fullmatch(pattern, address) for pattern in guards["addresses"])
    assert re.search(guards["form"], address)


@pytest.mark.parametrize("address", BAD)
def test_any_other_address_matches_nothing(address):
    guards = stream_targets(TARGETS, DOMAIN)
    assert not any(re.fullmatch(pattern, address) for pattern in guards["addresses"])
    assert not re.search(guards["form"], address)


def test_youtube_is_known_by_a_key_alone():
    guards = stream_targets(["youtube"], DOMAIN)
    assert re.search(guards["form"], "abcd-efgh-ijkl-mnop-qrst")
    assert not re.search(guards["form"], "abcd-efgh")
    assert re.fullmatch(guards["addresses"][0], "rtmp://a.rtmp.youtube.com/live2/abcd-efgh-ijkl-mnop")
    assert not re.fullmatch(guards["addresses"][0], "rtmp://aXrtmp.youtube.com/live2/abcd-efgh-ijkl-mnop")


def test_nothing_chosen_nothing_allowed():
    assert stream_targets([], DOMAIN) == {"addresses": [], "form": "", "rows": []}


def test_the_firewall_opens_what_is_not_open_anyhow():
    assert [row["port"] for row in stream_targets(TARGETS, DOMAIN)["rows"]] == [1935, 1940]
    assert stream_targets(["own"], DOMAIN)["rows"] == []


def test_the_page_reads_the_form_as_python_does():
    node = shutil.which("node")
    assert node, "this test needs node: apt-get install nodejs"
    script = "const [form, typed] = JSON.parse(process.argv[1]); const is = new RegExp(form);"
    script += "console.log(JSON.stringify(typed.map(text => is.test(text))))"
    argument = json.dumps([stream_targets(TARGETS, DOMAIN)["form"], GOOD + BAD])
    said = subprocess.run([node, "-e", script, argument], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [True] * len(GOOD) + [False] * len(BAD)
