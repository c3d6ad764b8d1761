"""A TURN client (RFC 8656) that says exactly what it was answered: aioice writes and reads the messages."""

import hashlib
import socket
from typing import ClassVar, Self

import outside
from aioice import stun
from customer import Customer

UDP = 17 << 24  # REQUESTED-TRANSPORT: the protocol number stands in the first byte
IPV6 = 2 << 24  # REQUESTED-ADDRESS-FAMILY: as there
HEADER = 20

# RFC 8656, 14.6: not in aioice's list.
FAMILY = (0x0017, "REQUESTED-ADDRESS-FAMILY", stun.pack_unsigned, stun.unpack_unsigned)
stun.ATTRIBUTES_BY_TYPE[FAMILY[0]] = stun.ATTRIBUTES_BY_NAME[FAMILY[1]] = FAMILY


class TurnError(Exception):
    """An error answer; `.code` as in RFC 8656, for example 403 (Forbidden)."""

    def __init__(self, answer: stun.Message):
        self.attributes = answer.attributes
        self.code, reason = answer.attributes["ERROR-CODE"]
        super().__init__(f"{answer.message_method.name} was answered {self.code} {reason}")


def long_term_key(username: str, realm: str, password: str) -> bytes:
    """What requests are signed with (RFC 8489, 9.2.2)."""
    return hashlib.md5(f"{username}:{realm}:{password}".encode(), usedforsecurity=False).digest()


class UdpCarrier:
    """Messages as datagrams; asks again as long as nobody answers."""

    def __init__(self, address: str, port: int):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.connect((address, port))

    def send(self, data: bytes) -> None:
        self.socket.send(data)

    def receive(self, timeout: float) -> bytes:
        self.socket.settimeout(timeout)
        return self.socket.recv(65536)

    retransmissions = (0.5, 1, 2, 2)  # a timeout after each sending


class TlsCarrier:
    """Messages in a stream inside TLS; the server's certificate was verified for its name."""

    def __init__(self, customer: Customer, name: str, port: int):
        self.socket = outside.tls(customer, name, port)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, timeout: float) -> bytes:
        self.socket.settimeout(timeout)
        header = self._exactly(HEADER)
        return header + self._exactly(int.from_bytes(header[2:4]))

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionResetError("the relay closed the connection")
            data += more
        return data

    retransmissions = (outside.TIMEOUT,)  # TCP repeats by itself


class StunClient:
    """Asks a server; signs what it asks once it has a key."""

    credentials: ClassVar[dict] = {}
    key = b""

    def __init__(self, carrier: UdpCarrier | TlsCarrier):
        self.carrier = carrier

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.carrier.socket.close()

    def request(self, method: stun.Method, **attributes) -> dict:
        """Sends a request and returns the answer's attributes; TurnError for an error, TimeoutError for silence."""
        named = {name.replace("_", "-"): value for name, value in attributes.items()}
        message = stun.Message(method, stun.Class.REQUEST, attributes={**named, **self.credentials})
        if self.key:
            message.add_message_integrity(self.key)
        for patience in self.carrier.retransmissions:
            self.carrier.send(bytes(message))
            try:
                answer = self._answer(message, patience)
            except TimeoutError:
                continue
            if answer.message_class == stun.Class.ERROR:
                raise TurnError(answer)
            return answer.attributes
        raise TimeoutError(f"{method.name}: no answer")

    def _answer(self, message: stun.Message, patience: float) -> stun.Message:
        while True:
            answer = stun.parse_message(self.carrier.receive(patience))
            if answer.transaction_id == message.transaction_id:
                return answer

    def mapped(self) -> tuple[str, int]:
        """This machine's address and port as the server sees them (STUN)."""
        return self.request(stun.Method.BINDING)["XOR-MAPPED-ADDRESS"]


class TurnClient(StunClient):
    """One allocation at a relay."""

    def __init__(self, carrier: UdpCarrier | TlsCarrier, username: str, password: str):
        super().__init__(carrier)
        self.username, self.password = username, password
        self.relayed = None

    def __exit__(self, *_) -> None:
        try:
            if self.relayed:
                self.request(stun.Method.REFRESH, LIFETIME=0)
        finally:
            super().__exit__()

    def allocate(self, **wishes) -> tuple[str, int]:
        """Reserves a relay address; the first, anonymous attempt only learns realm and nonce."""
        try:
            self.request(stun.Method.ALLOCATE, REQUESTED_TRANSPORT=UDP)
        except TurnError as challenge:
            if challenge.code != 401:
                raise
            realm, nonce = challenge.attributes["REALM"], challenge.attributes["NONCE"]
        else:
            raise AssertionError("the relay allocates addresses without credentials")
        self.credentials = {"USERNAME": self.username, "REALM": realm, "NONCE": nonce}
        self.key = long_term_key(self.username, realm, self.password)
        self.relayed = self.request(stun.Method.ALLOCATE, REQUESTED_TRANSPORT=UDP, **wishes)["XOR-RELAYED-ADDRESS"]
        return self.relayed

    def permit(self, address: str) -> None:
        """Asks for packets from and to the address to be relayed; TurnError 403 when the relay refuses."""
        self.request(stun.Method.CREATE_PERMISSION, XOR_PEER_ADDRESS=(address, 0))

    def send(self, data: bytes, peer: tuple[str, int]) -> None:
        indication = stun.Message(
            stun.Method.SEND, stun.Class.INDICATION, attributes={"XOR-PEER-ADDRESS": peer, "DATA": data}
        )
        self.carrier.send(bytes(indication))

    def receive(self, patience: float) -> tuple[bytes, tuple[str, int]]:
        """The next packet a peer sent through the relay, and the peer."""
        while True:
            message = stun.parse_message(self.carrier.receive(patience))
            if message.message_method == stun.Method.DATA:
                return message.attributes["DATA"], message.attributes["XOR-PEER-ADDRESS"]
