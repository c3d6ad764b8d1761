"""Consent: what is served before a visitor agreed, and after."""

import html
import re

import outside
import pytest

pytestmark = pytest.mark.needs("nginx")

ENDPOINTS = ["/http-bind", "/xmpp-websocket", "/config.js", "/libs/app.bundle.min.js"]

SILENT = pytest.mark.guard(
    "people's browsers talk to the conference before they were asked: that breaks what they are told",
    "on {meet}: the gate in /etc/nginx/nginx.conf (role web); jitsi_consent",
)
ASKS = pytest.mark.notice(
    "visitors are not asked for their consent, not in the right words, or cannot give it",
    "on {meet}: ls /var/www/consent; nginx -T (role web); jitsi_consent_texts",
)


@pytest.fixture(autouse=True)
def promised(customer):
    if not customer.consent:
        pytest.skip("this customer's visitors are not asked (jitsi_consent is none)")


@ASKS
@pytest.mark.parametrize("path", ["/", "/verify?a=b", "/team/verify"], ids=["start", "room", "tenant"])
def test_page_asks(customer, path):
    """Before anything else the page asks for consent; who agrees gets what was asked for, and one cookie"""
    before = outside.ask(customer, path)
    assert before.status == 200, f"{path} answers {before.status}"
    assert 'id="consent"' in before.text, f"{path} does not ask"
    agreed = outside.ask(customer, path, method="POST", Origin=customer.url)
    assert (agreed.status, agreed.headers["Location"]) == (303, customer.url + path)
    after = outside.ask(customer, path, **outside.consent(customer))
    assert "var config" in after.text, f"{path} is not the conference's page after consent"


@ASKS
def test_words(customer):
    """Visitors are asked in the customer's own words, in their language"""
    for language, title in customer.look["asks"].items():
        text = outside.ask(customer, "/", **{"Accept-Language": language}).text
        [heading] = re.findall("<h1>(.*)</h1>", text)
        assert html.unescape(heading) == title, f"in {language} the page is headed {heading}"


@SILENT
@pytest.mark.parametrize("path", ["/", "/verify", "/team/verify"], ids=["start", "room", "tenant"])
def test_page_has_nothing_else(customer, path):
    """The page that asks brings nothing of the conference and stores nothing"""
    answer = outside.ask(customer, path)
    assert "config.js" not in answer.text, f"{path} speaks of config.js"
    assert 'src="/' not in answer.text, f"{path} loads something"
    assert answer.headers["Set-Cookie"] is None, f"{path} sets a cookie"


@SILENT
@pytest.mark.parametrize("path", ENDPOINTS)
def test_endpoints_refuse(customer, path):
    """Signalling and the conference's files are refused to who has not agreed"""
    answer = outside.ask(customer, path)
    assert answer.status == 403, f"{path} answers {answer.status} to somebody who was not asked"
