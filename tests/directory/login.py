"""A login by SASL PLAIN over prosody's websocket and nothing more: what the server says to it, and when."""

import asyncio
import base64
import time
from dataclasses import dataclass

from defusedxml.ElementTree import fromstring

SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"


@dataclass(frozen=True)
class Answer:
    """condition is empty for who got in; text is the server's own words."""

    condition: str
    text: str
    seconds: float


async def log_in(http, url: str, domain: str, user: str, password: str, patience: float = 30) -> Answer:
    """The answer to one login; http is an aiohttp.ClientSession."""
    begin = time.monotonic()
    websocket = http.ws_connect(f"{url}/xmpp-websocket", protocols=("xmpp",), headers={"Host": domain})
    async with asyncio.timeout(patience), websocket as socket:
        await socket.send_str(f'<open xmlns="{FRAMING}" to="{domain}" version="1.0"/>')
        offered = set()
        while not offered:
            features = fromstring(await socket.receive_str())
            offered = {each.text for each in features.iter(f"{{{SASL}}}mechanism")}
        assert offered == {"PLAIN"}, f"the server offers {offered}"
        proof = base64.b64encode(b"\0".join((b"", user.encode(), password.encode()))).decode()
        await socket.send_str(f'<auth xmlns="{SASL}" mechanism="PLAIN">{proof}</auth>')
        answer = fromstring(await socket.receive_str())
    condition = "" if answer.tag == f"{{{SASL}}}success" else answer[0].tag.rpartition("}")[2]
    return Answer(condition, answer.findtext(f"{{{SASL}}}text", ""), time.monotonic() - begin)
