"""What a directory says of an account: its entry, its name, its group, its password."""

import dataclasses
import logging
import re
import unicodedata

import ldap
import ldap.dn
from ldap.controls.ppolicy import PasswordPolicyControl
from ldap.filter import escape_filter_chars

from .connection import Connection
from .errors import REFUSALS, LoginRefusedError, policy_refusal, refusal
from .settings import Settings

IN_CHAIN = "1.2.840.113556.1.4.1941"
LONGEST_LOGIN = 256

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Account:
    """An entry of the directory."""

    dn: str
    name: str  # as the rules name it
    groups: list[str]  # DNs of memberOf


def rule_name(login: str) -> str:
    """Return the login as rules and seats name it: one spelling for each account, escaped as in an XMPP address.

    (XEP-0106; the names were addresses once, and seats are still kept by them.)
    """
    folded = unicodedata.normalize("NFKC", login.casefold()).strip()
    escaped = re.sub(r"\\(?=20|22|26|27|2f|3a|3c|3e|40|5c)", r"\\5c", folded)
    return re.sub("[ \"&'/:<>@]", lambda match: f"\\{ord(match[0]):02x}", escaped)


def login_of(name: str) -> str:
    """Return a login that rule_name gives this name for."""
    return re.sub(r"\\(20|22|26|27|2f|3a|3c|3e|40|5c)", lambda match: chr(int(match[1], 16)), name)


def check_typed(login: str) -> None:
    """Raise LoginRefusedError for what is no login anywhere."""
    if not login.strip() or len(login) > LONGEST_LOGIN:
        raise LoginRefusedError("no login name")
    if not login.isprintable():
        raise LoginRefusedError("unknown account")  # Active Directory reads a name as far as its first NUL


def person_of(login: str, settings: Settings) -> str:
    """Return one text for all spellings of a login."""
    return rule_name(_without_suffix(login.strip(), settings))


def find(connection: Connection, login: str, more: str = "") -> Account:
    """Return the one account of that login that matches user_filter and more. Raises LoginRefusedError, LDAPError."""
    settings, attribute = connection.settings, connection.settings.login_attribute
    typed = _without_suffix(login.strip(), settings) + settings.login_suffix
    match = f"(&({attribute}={escape_filter_chars(typed)}){settings.user_filter}{more})"
    try:
        found = connection.search(settings.base, ldap.SCOPE_SUBTREE, match, (attribute, "memberOf"), 2)
    except ldap.SIZELIMIT_EXCEEDED:
        found = [("", {})] * 2  # more than one
    if not found:
        raise LoginRefusedError("unknown account")
    if len(found) > 1:
        raise LoginRefusedError("several entries have this login")
    dn, entry = found[0]
    texts = {key.casefold(): [value.decode("utf-8", "replace") for value in each] for key, each in entry.items()}
    # Of several values the one in the entry's own name, so that nobody is two users.
    own = [value for name, value, _ in ldap.dn.str2dn(dn)[0] if name.casefold() == attribute.casefold()]
    value = (own or sorted(texts.get(attribute.casefold(), [])) or [typed])[0]
    return Account(dn, rule_name(_without_suffix(value, settings)), texts.get("memberof", []))


def is_moderator(connection: Connection, account: Account) -> bool:
    """Return whether the account is in the moderators' group. What the directory computes (memberOf) counts as well."""
    group, dn = connection.settings.moderators_group, escape_filter_chars(account.dn)
    if not group:
        return False
    if any(_same_dn(each, group) for each in account.groups):
        return True
    try:
        if connection.settings.chain:
            match = f"(memberOf:{IN_CHAIN}:={escape_filter_chars(group)})"
            return bool(connection.search(account.dn, ldap.SCOPE_BASE, match))
        match = f"(|(member={dn})(uniqueMember={dn})(memberUid={escape_filter_chars(account.name)}))"
        return bool(connection.search(group, ldap.SCOPE_BASE, match))
    except (ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS):
        log.error("the moderators' group %s is missing or not readable: nobody is a member", group)
        return False


def check_password(connection: Connection, account: Account, password: str) -> None:
    """Log in as the account. Raises LoginRefusedError, ldap.LDAPError."""
    try:
        controls = connection.bind(account.dn, password, PasswordPolicyControl())
    except REFUSALS as error:
        raise LoginRefusedError(refusal(error)) from error
    for control in controls:
        if control.controlType == PasswordPolicyControl.controlType and control.error is not None:
            raise LoginRefusedError(policy_refusal(control.error))


def _without_suffix(login: str, settings: Settings) -> str:
    return login.casefold().removesuffix(settings.login_suffix.casefold())


def _same_dn(one: str, other: str) -> bool:
    try:
        return bool(ldap.dn.str2dn(one.casefold()) == ldap.dn.str2dn(other.casefold()))
    except ldap.DECODING_ERROR:
        return False
