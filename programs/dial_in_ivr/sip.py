"""What the IVR itself sends over SIP."""

import asyncio
import secrets

SERVER_HOST, SERVER_PORT = "127.0.0.1", 5060
SERVER = f"{SERVER_HOST}:{SERVER_PORT}"


async def send_orphan_bye(call: str) -> None:
    """Have Kamailio end a call (a Call-ID) that has lost its baresip: a BYE without the tags that only baresip knew."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    host, port = transport.get_extra_info("sockname")
    lines = [
        f"BYE sip:lost@{SERVER} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 70",
        f"From: <sip:line@127.0.0.1>;tag={secrets.token_hex(4)}",
        "To: <sip:lost@127.0.0.1>",
        f"Call-ID: {call}",
        "CSeq: 1 BYE",
        "Content-Length: 0",
    ]
    transport.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), (SERVER_HOST, SERVER_PORT))
    transport.close()
