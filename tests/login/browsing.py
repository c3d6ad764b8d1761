"""A person with a browser who logs in at the pages of a provider."""

import html
import http.cookiejar
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from openid import HOME, REDIRECT


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
        back = self.follow(address, login=login, user=login, password=login)
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))

    def follow(self, address: str, **fields: str) -> str:
        """Send forms as they come until our site is reached; its address."""
        data = None
        try:
            for _ in range(5):
                with self.opener.open(address, data) as page:
                    text = page.read().decode()
                    here = page.url
                address = urllib.parse.urljoin(here, html.unescape(re.search(r'<form[^>]* action="([^"]+)"', text)[1]))
                inputs = re.findall(r'<input[^>]*name="(\w+)"[^>]* value="([^"]*)"', text)
                hidden = {name: html.unescape(value) for name, value in inputs}
                if address == REDIRECT:
                    return f"{address}?{urllib.parse.urlencode(hidden)}"
                asked = {name: fields[name] for name in re.findall(r'name="(\w+)"', text) if name in fields}
                data = urllib.parse.urlencode(hidden | asked).encode()
        except WayBack as back:
            return str(back)
        raise AssertionError(f"no way back after five forms, the last was {text}")
