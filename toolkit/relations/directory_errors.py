"""What cannot work of the customer's directory, one sentence per error."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.files import is_within
from toolkit.folder.in_folder import named_file
from toolkit.shapes import Settings

FOREIGN = ("servers", "ca_file", "base", "bind_dn", "login_attribute", "login_suffix", "user_filter",
           "moderators_group", "test_login")  # fmt: skip
OWN = ("ldif_file", "test_login")
TOKEN = ("issuer", "audience", "jwks_url", "login_url", "login_claim", "moderator_claim", "moderator_value")
CLAIMS = ("login_claim", "moderator_claim", "moderator_value", "ca_file")
OIDC = ("issuer", "client_id", "scopes", *CLAIMS)
SAML = ("metadata_url", "metadata_file", "entity_id", *CLAIMS)
# Kind of directory -> the keys of jitsi_directory that mean something to it.
KEYS: Mapping[str, tuple[str, ...]] = {
    "internal": (), "openldap": OWN, "ldap": FOREIGN, "ad": FOREIGN, "oidc": OIDC, "saml": SAML, "token": TOKEN,
}  # fmt: skip
# Attributes whose values are no login by themselves, for the page takes no @.
ADDRESSES = {"userprincipalname", "mail"}
DN = re.compile(r"([A-Za-z][\w-]*|[\d.]+) *=", re.ASCII)
ACCOUNT_OF_DOMAIN = re.compile(r"[^@\\\s]+(@[\w.-]+|\\[^@\\\s]+)", re.ASCII)
# A filter from its innermost items outwards: (attribute=value), then (!x), (&x...), (|x...).
ITEM = re.compile(r"\([\w;.:-]+?(:=|=|~=|>=|<=)([^()\\*\x00]|\\[0-9A-Fa-f]{2}|\*)*\)", re.ASCII)
GROUP = re.compile(r"\((!\x01|[&|]\x01+)\)")


def filter_is_good(text: str) -> bool:
    """Tell whether text is one LDAP filter (RFC 4515), in parentheses."""
    if "\x01" in text:
        return False
    rest, found = ITEM.subn("\x01", text)
    while found:
        rest, found = GROUP.subn("\x01", rest)
    return rest == "\x01"


def directory_errors(settings: Settings, folder: str) -> list[str]:
    """Return the errors of the directory, one sentence each."""
    directory = settings.get("jitsi_directory")
    directory = directory if isinstance(directory, dict) else {}
    kind = directory.get("kind")
    if not isinstance(kind, str) or kind not in KEYS:
        return []
    given = {key: value for key, value in directory.items() if isinstance(value, str) and value and value.isprintable()}
    errors = [
        f"jitsi_directory.{key} means nothing to kind {kind}: remove it or write another kind."
        for key in dict.fromkeys(OWN + FOREIGN + TOKEN + OIDC + SAML)
        if key in directory and key not in KEYS[kind]
    ]
    by_group = settings.get("jitsi_moderator_source") == "group"
    if by_group and kind == "internal":
        errors.append(
            "jitsi_moderator_source is group and jitsi_directory.kind internal has no groups: write listed or all, or "
            "a directory that has groups."
        )
    if ("test_login" in directory) != ("jitsi_directory_test_password" in settings):
        errors.append(
            "jitsi_directory.test_login and jitsi_directory_test_password belong together: write both, the password in "
            "group_vars/jitsi/vault.yml, or neither."
        )
    tree = named_file(directory.get("ldif_file"), folder)
    if KEYS[kind] == OWN and tree:
        if not is_within(Path(tree), Path(folder)):
            errors.append(f"jitsi_directory.ldif_file {tree} is outside the customer's folder: put the file into it.")
        elif not os.path.isfile(tree):  # as Path.is_file, but no name is too long for it
            errors.append(f"jitsi_directory.ldif_file {tree} cannot be read: write the name of a file in the folder.")
    if kind == "token" and ("jwks_url" in directory) == ("jitsi_token_secret" in settings):
        errors.append(
            "jitsi_directory.kind token needs either jitsi_directory.jwks_url (the identity provider's keys) or "
            "jitsi_token_secret in group_vars/jitsi/vault.yml: write one of them."
        )
    if kind in ("oidc", "saml"):
        errors += _provider_errors(settings, directory, folder)
    return errors + (_foreign_errors(settings, directory, given) if KEYS[kind] == FOREIGN else [])


def _provider_errors(settings: Settings, directory: Mapping[str, Any], folder: str) -> list[str]:
    """The errors of an identity provider."""
    errors = []
    if settings.get("jitsi_moderator_source") == "group" and "moderator_claim" not in directory:
        errors.append(
            "jitsi_moderator_source is group and jitsi_directory.moderator_claim is missing: write the claim or "
            "attribute that makes a moderator, or listed or all."
        )
    if directory["kind"] == "saml" and ("metadata_url" in directory) == ("metadata_file" in directory):
        errors.append(
            "jitsi_directory.kind saml needs either jitsi_directory.metadata_url or jitsi_directory.metadata_file: "
            "write one of them."
        )
    file = named_file(directory.get("metadata_file"), folder)
    if file and not os.path.isfile(file):
        errors.append(
            f"jitsi_directory.metadata_file {file} cannot be read: ask the identity provider's administrator for its "
            "metadata and write the file's name."
        )
    return errors


def _foreign_errors(settings: Settings, directory: Mapping[str, Any], given: Mapping[str, str]) -> list[str]:
    """The errors of a directory that is not the toolkit's; given are its texts."""
    errors, kind = [], directory["kind"]
    if settings.get("jitsi_moderator_source") == "group" and "moderators_group" not in directory:
        errors.append(
            "jitsi_moderator_source is group and jitsi_directory.moderators_group is missing: write the DN of the "
            "group, or listed or all."
        )
    if "jitsi_directory_password" not in settings:
        errors.append(
            "jitsi_directory_password is missing: write the password of jitsi_directory.bind_dn in "
            "group_vars/jitsi/vault.yml."
        )
    account = given.get("bind_dn", "")
    if account and not DN.match(account) and not (kind == "ad" and ACCOUNT_OF_DOMAIN.fullmatch(account)):
        example = " or svc-jitsi@acme.example" if kind == "ad" else ""
        errors.append(
            f'jitsi_directory.bind_dn is "{account}": write a DN such as cn=jitsi,dc=acme,dc=example{example}.'
        )
    attribute = given.get("login_attribute", "")
    if attribute.casefold() in ADDRESSES and "login_suffix" not in directory:
        errors.append(
            f"jitsi_directory.login_attribute is {attribute} and the page takes no login with an @: write "
            "jitsi_directory.login_suffix, such as @acme.example, and people log in with what stands before it."
        )
    if "user_filter" in given and not filter_is_good(given["user_filter"]):
        errors.append(
            f'jitsi_directory.user_filter is "{given["user_filter"]}": write an LDAP filter in parentheses, such as '
            "(objectClass=person)."
        )
    return errors
