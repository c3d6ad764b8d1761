"""Trunks of the tests' own: how they take registrations and connections, and what check-trunk says of them."""

import queue
import socket
import ssl
import threading

from gateway import PUBLIC, TRUNK
from machine import wait
from network import inside
from phone import Phone, digest

USER, TRUNK_PASSWORD = "4930901820", r"pass:word\with $igns"
NUMBER = f"sip:{USER}@{PUBLIC}"
NETWORKS = ["192.0.2.0/24"]


class Registrar:
    """How a trunk takes registrations: with a password, or not at all."""

    def __init__(self, user, password):
        self.user, self.password, self.seen = user, password, queue.Queue()

    def __call__(self, request):
        self.seen.put(request)
        given = dict(
            part.strip().split("=", 1)
            for part in request.get("Authorization").removeprefix("Digest ").split(",")
            if part
        )
        given = {key: value.strip('"') for key, value in given.items()}
        wanted = digest(self.user, "trunk", self.password, "nonce", "REGISTER", given.get("uri", ""))
        if given.get("response") == wanted and given["username"] == self.user:
            return 200, [("Contact", request.get("Contact") + ";expires=300")]
        return 401, [("WWW-Authenticate", 'Digest realm="trunk", nonce="nonce", algorithm=MD5')]


class Provider:
    """A trunk that listens for connections, and speaks SIP on the one it was called on."""

    def __init__(self, world, port, wrap=lambda sock: sock):
        self.world, self.wrap, self.phones = world, wrap, []
        with inside(world):
            self.listener = socket.create_server((TRUNK, port))
        self.registrar = Registrar(USER, TRUNK_PASSWORD)
        self.failed = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
                wrapped = self.wrap(connection)
            except ssl.SSLError as error:
                self.failed.append(error)
                continue
            except OSError:
                return
            phone = Phone(lambda: inside(self.world), TRUNK, 0, None, transport=self.transport, connection=wrapped)
            phone.registrar = self.registrar
            self.phones.append(phone)

    transport = "TCP"

    def close(self):
        # Else whoever waits for the next connection keeps the port.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for phone in self.phones:
            phone.close()


def check(gateway, code):
    """What check-trunk says, as soon as it ends with this code."""
    done = wait(lambda: (done := gateway.check_trunk()).returncode == code and done, lambda: str(gateway.check_trunk()))
    return done.stdout + done.stderr
