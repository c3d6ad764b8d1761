"""Consent: what is served before a visitor agreed, and after."""

import html
import re

import outside
import pytest

pytestmark = pytest.mark.needs("nginx")

ENDPOINTS = ["/http-bind", "/xmpp-websocket", "/config.js", "/libs/app.bundle.min.js"]

SILENT = pytest.mark.guard(
    "browsers contact the conference before their users consent, against what the consent page says",
    "on {meet}: the consent gate in /etc/nginx/nginx.conf (role consent_gate); jitsi_consent",
)
ASKS = pytest.mark.notice(
    "visitors see no consent page or the wrong text, or cannot agree",
    "on {meet}: ls /var/www/consent; nginx -T (role consent_gate); jitsi_consent_texts",
)


@pytest.fixture(autouse=True)
def promised(customer):
    if not customer.consent:
        pytest.skip("there is no consent page (jitsi_consent is none)")


@ASKS
@pytest.mark.parametrize("path", ["/", "/verify?a=b", "/team/verify"], ids=["start", "room", "tenant"])
def test_page_asks(customer, path):
    """The consent page comes first; who agrees gets the requested page and a single cookie"""
    before = outside.ask(customer, path)
    assert before.status == 200, f"{path} answers {before.status}"
    assert 'id="consent"' in before.text, f"{path} shows no consent page"
    agreed = outside.ask(customer, path, method="POST", Origin=customer.url)
    assert (agreed.status, agreed.headers["Location"]) == (303, customer.url + path)
    after = outside.ask(customer, path, **outside.consent(customer))
    assert "var config" in after.text, f"{path} does not show the conference page after consent"


@ASKS
def test_words(customer):
    """The consent page has the customer's texts, in the visitor's language"""
    for language, title in customer.look["asks"].items():
        text = outside.ask(customer, "/", **{"Accept-Language": language}).text
        [heading] = re.findall("<h1>(.*)</h1>", text)
        assert html.unescape(heading) == title, f"in {language} the page's heading is {heading}"


@SILENT
@pytest.mark.parametrize("path", ["/", "/verify", "/team/verify"], ids=["start", "room", "tenant"])
def test_page_has_nothing_else(customer, path):
    """The consent page loads nothing of the conference page and stores nothing"""
    answer = outside.ask(customer, path)
    assert "config.js" not in answer.text, f"{path} mentions config.js"
    assert 'src="/' not in answer.text, f"{path} loads a file of the server"
    assert answer.headers["Set-Cookie"] is None, f"{path} sets a cookie"


@SILENT
@pytest.mark.parametrize("path", ENDPOINTS)
def test_endpoints_refuse(customer, path):
    """Without consent, signalling and the files of the conference page are refused"""
    answer = outside.ask(customer, path)
    assert answer.status == 403, f"{path} answers {answer.status} without consent"
