"""What identity providers have in these tests: an HTTPS server on a port of its own, whose documents tests change."""

import functools
import http.server
import json
import ssl
import threading

from directories import Authority


class Documents:
    """Serves {path: (status, headers, body)} by HTTPS at https://localhost:PORT; body may be data for JSON."""

    def __init__(self, folder, authority: Authority, name: str = "localhost", **validity):
        self.documents, self.requests = {}, []
        (folder / "ca.crt").write_text(authority.certificate)
        (folder / "server.pem").write_text(authority.issue(name, **validity))
        self.ca_file = str(folder / "ca.crt")
        handler = functools.partial(Handler, self)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path: str, body, status: int = 200, **headers: str) -> str:
        self.documents[path] = (status, headers, body)
        return self.url + path

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers from the documents; a function among them is called with the request's body."""

    protocol_version = "HTTP/1.1"

    def __init__(self, documents: Documents, *arguments):
        self.site = documents
        super().__init__(*arguments)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode() or query
        self.site.requests.append((self.command, path, sent, dict(self.headers)))
        status, headers, body = self.site.documents.get(path, (404, {}, "not here"))
        if callable(body):
            status, body = body(sent, self.headers)
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response_only(status)
        for name, value in ({"Date": self.date_time_string()} | headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # the name that http.server asks for

    def log_message(self, *_):
        pass
