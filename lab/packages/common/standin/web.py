"""A small HTTP server for a daemon's status endpoints."""

import asyncio
import json
from http import HTTPStatus
from urllib.parse import parse_qsl


class Request(str):
    """The body of a request, with its headers, by their names in lower case, and the parameters of its address."""

    def __new__(cls, body, headers, query):
        request = super().__new__(cls, body)
        request.headers, request.query = headers, query
        return request


async def serve(host, port, routes):
    """Serves {(method, path): handler}; a handler takes the Request and returns a status or (status, content).

    Content that is a string goes out as text, anything else as JSON.
    """

    async def handle(reader, writer):
        try:
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            body = await reader.readexactly(min(int(headers.get("content-length", 0)), 65536))
            path, _, query = target.partition("?")
            request = Request(body.decode(), headers, dict(parse_qsl(query)))
            if (method, path) in routes:
                answer = routes[method, path](request)
            else:
                answer = 405 if any(path == known for _, known in routes) else 404
            status, content = answer if isinstance(answer, tuple) else (answer, "")
            kind = "text/plain" if isinstance(content, str) else "application/json"
            payload = (content if isinstance(content, str) else json.dumps(content)).encode()
            writer.write(
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}; charset=utf-8\r\n"
                f"Content-Length: {len(payload)}\r\nConnection: close\r\n\r\n".encode()
                + payload
            )
            await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the caller went away or does not speak HTTP
        finally:
            writer.close()

    return await asyncio.start_server(handle, host, port)


def metrics(values):
    """{name: number or (labels, number)} in the text format of Prometheus."""
    return "".join(f"# TYPE {name} gauge\n{name} {float(value)}\n" for name, value in values.items())
