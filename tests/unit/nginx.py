"""The real nginx, started once with many values in its configuration."""

import contextlib
import http.client
import shutil
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(folder, http, locations):
    """What nginx answers in each location, whose directives are given; http: directives around the server."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin")
    assert program, "this test needs nginx: apt-get install nginx-light"
    port = free_port()
    inner = "\n".join(f"location = /{number} {{ {text} }}" for number, text in enumerate(locations))
    config = folder / "nginx.conf"
    config.write_text(f"""
daemon off; pid {folder}/pid; error_log stderr crit; worker_processes 1; events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 100000;
geo $dollar {{ default "$"; }}
{http}
server {{ listen 127.0.0.1:{port}; {inner} }} }}
""")
    with subprocess.Popen([program, "-c", config, "-e", "stderr"], stderr=subprocess.PIPE, text=True) as running:
        try:
            connection = http_connection(port, running)
            return [answer(connection, number) for number in range(len(locations))]
        finally:
            running.terminate()


def http_connection(port, running):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        assert running.poll() is None, running.stderr.read()
        with contextlib.suppress(ConnectionRefusedError):
            connection.connect()
            return connection
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")


def answer(connection, number):
    connection.request("GET", f"/{number}")
    return connection.getresponse().read().decode()
