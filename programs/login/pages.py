"""The pages: HTML without a script and without anything to fetch, in the customer's look."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from aiohttp import web

from .settings import Settings
from .texts import TEXTS, Words

STYLE = """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 28rem; padding: 1.5rem; background: var(--background); color: var(--text);
  font: 1.0625rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
header { font-weight: 600; }
header img { display: block; max-width: 100%; max-height: 5rem; padding: .5rem; background: var(--paper); }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 1.5rem 0 1rem; }
a { color: var(--accent); }
label { display: block; margin: 1rem 0; font-weight: 600; }
input:not([type=checkbox]) { display: block; width: 100%; min-height: 3rem; margin-top: .25rem; padding: .5rem .75rem;
  border: 2px solid var(--text); border-radius: .4rem; background: var(--background); color: var(--text);
  font: inherit; }
input[type=checkbox] { width: 1.4rem; height: 1.4rem; margin-right: .6rem; vertical-align: -.25rem; }
.button { display: block; width: 100%; min-height: 3rem; margin: 1.5rem 0; padding: .6rem 1.25rem;
  border: 2px solid var(--accent); border-radius: .4rem; background: var(--accent); color: var(--background);
  font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; }
.error { padding: .75rem 1rem; border: 2px solid var(--text); border-radius: .4rem; font-weight: 600; }
:focus-visible { outline: 3px solid var(--text); outline-offset: 3px; }
footer { border-top: 1px solid; margin-top: 2rem; padding-top: 1rem; }
footer a { display: inline-block; padding: .5rem 1rem .5rem 0; }
"""


class Pages:
    """Makes the pages of one customer."""

    def __init__(self, settings: Settings) -> None:
        """Prepare what all pages share."""
        self._settings = settings
        light, dark = (self._variables(settings.colors[scheme]) for scheme in ("light", "dark"))
        paper = f"--paper: {settings.colors['light']['background']};"
        scheme = f":root {{ color-scheme: light dark; {light} {paper} }}\n"
        scheme += f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
        self._style = scheme + STYLE
        style = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self._headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
        }

    def form(
        self, language: str, mark: str, query: str, login: str = "", error: str = "", status: int = 200
    ) -> web.Response:
        """Return the form for user and password."""
        words = TEXTS[language]
        body = f"""{self._error(words, error)}
<form method="post" action="/login{escape(query)}">
<input type="hidden" name="form" value="{escape(mark)}">
<label>{words["user"]}
<input name="user" value="{escape(login)}" autocomplete="username" autocapitalize="none" spellcheck="false" required>
</label>
<label>{words["password"]}
<input name="password" type="password" autocomplete="current-password" required>
</label>
<label><input name="stay" type="checkbox" value="yes">{words["stay"]}</label>
<button class="button">{words["log_in"]}</button>
</form>"""
        return self._page(language, words["title"], f"<p>{words['why']}</p>\n{body}", status)

    def provider(self, language: str, query: str, error: str = "", status: int = 200) -> web.Response:
        """Return the page with the link to the provider."""
        words = TEXTS[language]
        link = f'<a class="button" href="/login/start{escape(query)}">{words["provider_link"]}</a>'
        body = f"<p>{words['why']}</p>\n{self._error(words, error)}\n{link}"
        return self._page(language, words["title"], body, status)

    def logout(self, language: str, mark: str, error: str = "", status: int = 200) -> web.Response:
        """Return the page that asks before it logs out: another site's link or picture ends no session."""
        words = TEXTS[language]
        body = f"""<p>{words["logout_why"]}</p>
{self._error(words, error)}
<form method="post" action="/logout">
<input type="hidden" name="form" value="{escape(mark)}">
<button class="button">{words["logout"]}</button>
</form>"""
        return self._page(language, words["logout"], body, status)

    def logged_out(self, language: str) -> web.Response:
        """Return the page after the logout."""
        words = TEXTS[language]
        return self._page(
            language,
            words["logged_out"],
            f'<p>{words["logged_out_why"]}</p>\n<a class="button" href="/">{words["home"]}</a>',
        )

    @staticmethod
    def _variables(colors: Mapping[str, str]) -> str:
        return " ".join(f"--{name}: {value};" for name, value in sorted(colors.items()))

    @staticmethod
    def _error(words: Words, reason: str) -> str:
        return f'<p class="error" role="alert">{words[reason]}</p>' if reason else ""

    def _page(self, language: str, title: str, body: str, status: int = 200) -> web.Response:
        settings, words = self._settings, TEXTS[language]
        name = escape(settings.name)
        brand = f'<img src="{escape(settings.logo)}" alt="{name}">' if settings.logo else name
        text = f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="referrer" content="same-origin">
<meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} | {name}</title>
<link rel="icon" href="data:,">
<style>{self._style}</style>
</head>
<body>
<header>{brand}</header>
<main>
<h1>{title}</h1>
{body}
</main>
<footer>
<a href="{escape(settings.privacy_url)}">{words["privacy"]}</a>
<a href="{escape(settings.imprint_url)}">{words["imprint"]}</a>
</footer>
</body>
</html>
"""
        return web.Response(text=text, content_type="text/html", status=status, headers=self._headers)
