"""A DNS server in the world; its records are the tests' to change."""

import contextlib
import socket
import threading

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from gateway import ROUTER
from network import inside


class Names:
    """Answers from `records`, {"SRV _sip._udp.t.example": ["0 0 5070 a.t.example."]}; `asked` has each question."""

    def __init__(self, world):
        self.records, self.asked = {}, []
        with inside(world):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind((ROUTER, 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            data, peer = self._socket.recvfrom(4096)
            if not data:  # close()
                return
            self._socket.sendto(self._answer(dns.message.from_wire(data)).to_wire(), peer)

    def _answer(self, query):
        question = query.question[0]
        kind, name = dns.rdatatype.to_text(question.rdtype), question.name.to_text(omit_final_dot=True)
        self.asked.append(f"{kind} {name}")
        response = dns.message.make_response(query)
        found = self.records.get(f"{kind} {name}")
        if found:
            # Kamailio forgets it at once, and asks again.
            response.answer.append(dns.rrset.from_text(question.name, 1, "IN", kind, *found))
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    def close(self):
        with contextlib.suppress(OSError):  # it has no peer, but ends what waits for it
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
