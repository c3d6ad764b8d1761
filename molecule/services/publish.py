"""Publishes a test picture to a server, through SSH as the verification does, and says what became of it.

Reads JSON: ssh, as in verify_host; key; folder, for what is private, where the number of the process that publishes is
written to publisher.pid. The publisher's last words and its end are this program's.
"""

import json
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "tests/conference"))

from publisher import publish  # found by the line above

told = json.load(sys.stdin)
ssh, folder = told["ssh"], Path(told["folder"])
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
way = ["ssh", "-N", "-o", "ExitOnForwardFailure=yes", "-L", f"127.0.0.1:{port}:127.0.0.1:1936", "-i", ssh["key"]]
way += ["-p", str(ssh["port"]), *shlex.split(ssh["args"]), f"{ssh['user']}@{ssh['host']}"]
tunnel = subprocess.Popen(way)
try:
    while socket.socket().connect_ex(("127.0.0.1", port)):
        assert tunnel.poll() is None, "no way through SSH"
        time.sleep(0.1)
    publisher = publish(f"127.0.0.1:{port}", told["key"], folder)
    (folder / "publisher.pid").write_text(str(publisher.pid))
    _, said = publisher.communicate()
finally:
    tunnel.terminate()
sys.stderr.write(said)
sys.exit(abs(publisher.returncode))
