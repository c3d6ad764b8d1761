"""A certified OpenID provider (npm's oidc-provider), and a person with a browser who logs in at its pages."""

import html
import http.cookiejar
import json
import re
import shutil
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from directories import Authority
from openid import CLIENT, HOME, REDIRECT, SECRET

SOURCE = Path(__file__).with_name("openid_provider")


class CertifiedProvider:
    """The provider, on a port of its own. Every login gets in, anna is a host."""

    def __init__(self, folder: Path):
        assert shutil.which("npm"), "this test needs npm: apt-get install npm"
        authority = Authority()
        shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=folder, check=True)
        self.ca_file = folder / "ca.crt"
        self.ca_file.write_text(authority.certificate)
        (folder / "server.pem").write_text(authority.issue("localhost"))
        client = {"redirect_uris": [REDIRECT], "post_logout_redirect_uris": [HOME]}
        clients = [
            client | {"client_id": CLIENT, "client_secret": SECRET},
            client | {"client_id": "public", "token_endpoint_auth_method": "none"},
        ]
        (folder / "clients.json").write_text(json.dumps(clients))
        command = ["node", "server.mjs", folder]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.issuer = f"https://localhost:{int(self.process.stdout.readline())}"

    def close(self):
        self.process.kill()
        self.process.communicate()


class WayBack(Exception):
    """The browser is sent to our site."""


class OnlyAtProvider(urllib.request.HTTPRedirectHandler):
    """Follows redirects until one leads to our site."""

    def redirect_request(self, request, file, code, message, headers, url):
        if url.startswith((REDIRECT, HOME)):
            raise WayBack(url)
        return super().redirect_request(request, file, code, message, headers, url)


class Browser:
    """Fills the provider's pages in."""

    def __init__(self, ca_file: Path):
        context = ssl.create_default_context(cafile=ca_file)
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            OnlyAtProvider,
        )

    def log_in(self, address: str, login: str) -> dict[str, str]:
        """Log in and agree; the query of the way back."""
        back = self.follow(address, login=login, password="any")  # noqa: S106  # every one gets in
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))

    def follow(self, address: str, **fields: str) -> str:
        """Send forms as they come until our site is reached; its address."""
        data = None
        try:
            for _ in range(5):
                with self.opener.open(address, data) as page:
                    text = page.read().decode()
                address = html.unescape(re.search(r'<form[^>]* action="([^"]+)"', text)[1])
                hidden = dict(re.findall(r'<input[^>]*name="(\w+)" value="([^"]*)"', text))
                asked = {name: fields[name] for name in re.findall(r'name="(\w+)"', text) if name in fields}
                data = urllib.parse.urlencode(hidden | asked).encode()
        except WayBack as back:
            return str(back)
        raise AssertionError(f"no way back after five forms, the last was {text}")
