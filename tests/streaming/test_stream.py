"""A stream from a recorder to a viewer's screen, and what everybody else gets of it."""

import concurrent.futures
import http.client
import ipaddress
import itertools
import os
import re
import socket
import subprocess
import time

import pytest
from site_of import HOUSEHOLD, KEY, NEIGHBOUR, NOISE, ORIGIN, RECORDER, STRANGER, need, wait

STATE = "document.body.dataset.state"
# What the picture's middle looks like, read from the video itself.
COLOR = """() => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 8, height: 8});
  const brush = canvas.getContext("2d");
  brush.drawImage(document.querySelector("video"), 0, 0, 8, 8);
  return [...brush.getImageData(4, 4, 1, 1).data].map(part => Math.round(part / 32)).join();
}"""
GONE = 60  # seconds in which nginx forgets a stream that ended
WORD = "sommer-2026"


def until(page, expression, value, seconds=30):
    wait(lambda: page.evaluate(expression) == value, lambda: f"the page says {page.evaluate(expression)}", seconds)


def test_a_stream_is_seen_and_heard_and_gone_when_it_ends(site, visit, shoot):
    page = visit(site, "de-DE")
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: "404" in line.text or line.type != "error" or complaints.append(line.text))
    page.goto(ORIGIN)
    page.locator("#consent button").click()
    until(page, STATE, "waiting")
    assert "Zurzeit wird nichts übertragen" in page.inner_text("body")
    shoot(page, "stream-waiting")

    with site.stream():
        until(page, STATE, "live")
        colors = set()
        wait(lambda: colors.add(page.evaluate(COLOR)) or len(colors) > 4, lambda: f"only {colors} are seen")
        assert page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount") > 1000
        shoot(page, "stream-live")
        # A new certificate is presented without a break: the picture moves when all that was there before has passed.
        site.machine.sh("nginx -c /etc/nginx/streaming.conf -s reload")
        cookies = site.consent()
        last = site.segment(cookies)
        wait(lambda: site.get(last, cookies=cookies).status == 404, "no more of the stream", GONE)
        colors.clear()
        wait(lambda: colors.add(page.evaluate(COLOR)) or len(colors) > 4, "the picture stands")
        # Nothing but the window is there.
        assert len([name for name in site.pieces() if name.endswith(".ts")]) < 20

    wait(lambda: site.pieces() == [], lambda: f"left: {site.pieces()}", GONE)
    until(page, STATE, "waiting")
    assert complaints == []

    with site.stream():
        until(page, STATE, "live")


@pytest.mark.parametrize(
    ("key", "host", "name"),
    [
        ("wrong", RECORDER, "live"),
        (KEY.swapcase(), RECORDER, "live"),
        (KEY, STRANGER, "live"),
        (KEY, RECORDER, "other"),
    ],
    ids=["wrong key", "other case", "foreign address", "other name"],
)
def test_nobody_else_publishes(site, key, host, name):
    publisher = site.publisher(key, host, name=name)
    assert publisher.wait(30) != 0
    assert not [piece for piece in site.pieces() if piece.startswith(name) and name != "live"]
    assert publisher.stderr.read() != ""


def test_a_stream_is_not_taken_over(site):
    with site.stream() as first:
        assert site.publisher(KEY).wait(30) != 0
        assert first.poll() is None


def test_nobody_plays_what_is_published_but_by_the_page(site):
    with site.stream():
        probe = [*site.near, need("ffprobe", "ffmpeg"), "-rw_timeout", "5000000", "rtmp://127.0.0.1:1935/live/live"]
        assert subprocess.run(probe, capture_output=True, timeout=60, check=False).returncode != 0


def test_nothing_is_served_to_who_has_not_agreed(site):
    page = site.get("/")
    assert 'id="consent"' in page.text
    assert "/live/" not in page.text
    assert "set-cookie" not in page.headers
    with site.stream():
        agreed = site.consent()
        segment = site.segment(agreed)
        for path in ("/live/live.m3u8", segment):
            assert site.get(path).status == 403
            assert site.get(path, "-X", "POST", "-H", f"Origin: {ORIGIN}").status == 403
            assert site.get(path, cookies=agreed).status == 200
    for path in ("/live/", "/live/other.m3u8", "/live/../live/live-1.ts.x", "/publish", "/streaming.conf"):
        assert site.get(path, cookies=agreed).status in (403, 404), path


def test_a_word_is_asked_for_where_there_is_one(serve, visit, shoot):
    site = serve(jitsi_stream_viewer_password=WORD, jitsi_participants_per_address=30)
    assert WORD not in site.machine.root.joinpath("etc/nginx/streaming.conf").read_text()
    cookies = site.consent()
    publisher = site.publisher(KEY)
    try:
        wait(lambda: "live.m3u8" in site.pieces(), "no stream")
        assert site.get("/live/live.m3u8", cookies=cookies).status == 403
        for wrong in ("winter-2026", WORD.swapcase(), f"{WORD}x", ""):
            assert "set-cookie" not in site.get(f"/enter?word={wrong}", cookies=cookies).headers
        assert "set-cookie" not in site.get(f"/enter?word={WORD}").headers, "a cookie before consent"
        page = visit(site)
        page.goto(ORIGIN)
        page.locator("#consent button").click()
        page.locator("input[name=word]").fill(WORD)
        shoot(page, "stream-password")
        page.locator("form button").click()
        page.wait_for_url(f"{ORIGIN}/")
        until(page, STATE, "live")
        assert WORD not in page.evaluate("document.cookie + location.href")
        # On one connection: the limit forgets while a slow machine starts a program for each.
        guesses = [f"{ORIGIN}/enter?word=guess-{n}" for n in range(50)]
        answers = subprocess.run(
            site.asking(f"/enter?word={WORD}", *guesses, cookies=cookies), capture_output=True, text=True, check=True
        ).stdout
        assert re.findall(r"^HTTP/1\.1 (\d+)", answers, re.M)[-1] == "429"
        assert "set-cookie" not in answers.lower()
    finally:
        publisher.terminate()
        publisher.wait()
    assert WORD not in site.machine.log("nginx/access.log") + site.machine.log("nginx/error.log")


def test_viewers_share_what_was_chosen(serve):
    """Two downloads at a time, of a megabit each."""
    site = serve(jitsi_consent="none", streaming_mbits=2, streaming_viewer_mbits=1)
    publisher = site.publisher(KEY, picture=NOISE)
    try:
        wait(lambda: site.get("/live/live.m3u8").text.count(".ts") > 2, "no stream")
        segment = site.segment("")
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(5) as viewers:
            answers = list(viewers.map(site.get, [segment] * 5))
        assert sorted(answer.status for answer in answers) == [200, 200, 503, 503, 503]
        size = max(len(answer.body) for answer in answers)
        assert size > 300000
        assert time.monotonic() - began > size / 125000 * 0.6
    finally:
        publisher.terminate()
        publisher.wait()


def test_a_household_leaves_something_to_others(serve):
    """Eight downloads at a time, and four for each visitor, which is an IPv4 address or a network of IPv6."""
    site = serve(jitsi_consent="none", streaming_mbits=8, streaming_viewer_mbits=1)
    with site.stream(picture=NOISE):
        wait(lambda: site.get("/live/live.m3u8").text.count(".ts") > 2, "no stream")
        for greedy, other in (((RECORDER,), STRANGER), (HOUSEHOLD, NEIGHBOUR)):
            segment = site.segment("")
            with concurrent.futures.ThreadPoolExecutor(9) as viewers:
                many = [
                    viewers.submit(site.get, segment, host=host)
                    for host in itertools.islice(itertools.cycle(greedy), 8)
                ]
                # The first refusal says that there was no more for them.
                refused = next(concurrent.futures.as_completed(many)).result()
                one = viewers.submit(site.get, segment, host=other).result()
            assert refused.status == 503
            assert one.status == 200
            assert sorted(viewer.result().status for viewer in many) == [200] * 4 + [503] * 4


def test_who_takes_nothing_keeps_nobody_out(serve):
    """Two downloads at a time, that stand still."""
    site = serve(jitsi_consent="none", streaming_mbits=200, streaming_viewer_mbits=100)
    with site.machine.root.joinpath("var/lib/streaming/live/live-7.ts").open("wb") as segment:
        segment.truncate(80_000_000)
    standing = [subprocess.Popen(site.asking("/live/live-7.ts"), stdout=subprocess.PIPE) for _ in range(2)]
    try:
        wait(lambda: site.get("/live/live-7.ts", "-r", "0-9").status == 503, "there is room for more")
        wait(lambda: site.get("/live/live-7.ts", "-r", "0-9").status == 206, "nobody else is served", 40)
    finally:
        for viewer in standing:
            viewer.kill()
            viewer.communicate()


def test_guesses_of_a_household_are_counted_together(site):
    cookies = site.consent()

    def guess(host):
        options = ("-o", "/dev/null", "-w", "%{http_code} ")
        line = site.asking("/enter?word=[1-20]", *options, cookies=cookies, host=host)
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()

    first, *others = [guess(host) for host in HOUSEHOLD]
    assert first == ["303"] * 20
    assert "429" in others[-1]
    assert guess(NEIGHBOUR) == ["303"] * 20


class Local(http.client.HTTPConnection):
    """A connection to a socket in the file system."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def test_a_visitor_is_an_address_or_a_network(site):
    """Whatever is in them: zeros that are left out where addresses are written, bytes that end texts and lines."""
    text = (
        (site.folder / "etc/nginx/visitors-http.conf").read_text().replace(":80 ", ":8080 ").replace(" 80 ", " 8080 ")
    )
    site.machine.put(
        "/etc/nginx/visitors.conf",
        f"""
        pid /run/visitors.pid;
        events {{}}
        http {{
          map_hash_bucket_size 512;
          map "" $harmless_path {{ default -; }}
          map "" $content {{ default page; }}
          {text}
          server {{
            listen unix:/run/visitors.sock;
            access_log off;
            set_real_ip_from unix:;
            real_ip_header X-Visitor;
            location / {{ return 200 $visitor_network; }}
          }}
        }}
        """,
    )
    site.machine.start("nginx", "-c", "/etc/nginx/visitors.conf", "-g", "daemon off;")
    where = site.machine.root / "run/visitors.sock"
    wait(where.exists, "nginx does not listen")
    asked = Local(where)
    groups = itertools.product((0x2001,), *[(0, 0xA, 0xDB8)] * 3, *[(0, 0xA0)] * 4)
    addresses = [ipaddress.IPv6Address(b"".join(group.to_bytes(2) for group in address)) for address in groups]
    addresses += [ipaddress.IPv4Address(address) for address in ("192.0.2.7", "192.0.2.8", "10.0.10.0")]
    for address in addresses:
        asked.request("GET", "/", headers={"X-Visitor": str(address)})
        assert asked.getresponse().read() == address.packed[:8], address


def test_the_log_knows_nobody_and_the_key_is_nowhere(site):
    cookies = site.consent()
    with site.stream():
        site.get("/anna?key=secret", "-A", "agent-of-anna", "-e", "https://anna.example/", cookies=cookies)
        site.get(site.segment(cookies), cookies=cookies)
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert KEY not in running
    assert site.publisher("wrong-key").wait(30) != 0
    folder = site.machine.root / "var/log/nginx"
    texts = {name: (folder / name).read_text() for name in os.listdir(folder)}
    assert set(texts) == {"access.log", "error.log"}
    assert texts["error.log"] == ""
    for secret in ("anna", KEY, "wrong-key", RECORDER, STRANGER):
        assert secret not in texts["access.log"], secret
    lines = texts["access.log"].splitlines()
    assert [line for line in lines if '"GET /live/live.m3u8 ' in line]
    assert all(line.startswith(("127.0.0.0 [", "2001:db8:: [", "2001:db8:0:: [")) for line in lines)
