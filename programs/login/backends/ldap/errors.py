"""The ways in which a login at a directory fails, and what servers say about them.

Details are for the log and name nobody.
"""

import re
import socket
import ssl
from typing import Any

import ldap
from ldap.controls.ppolicy import PasswordPolicyControl, PasswordPolicyError

# What a server answers to a password that it does not accept; everything else is the server's own trouble.
REFUSALS = (
    ldap.INVALID_CREDENTIALS,
    ldap.INAPPROPRIATE_AUTH,
    ldap.UNWILLING_TO_PERFORM,
    ldap.CONSTRAINT_VIOLATION,
    ldap.INSUFFICIENT_ACCESS,
    ldap.NO_SUCH_OBJECT,
)
# Active Directory's reasons, "data 533" in its message, and those of LDAP's password policy.
ACTIVE_DIRECTORY = {
    "525": "unknown account",
    "52e": "wrong password",
    "530": "not at this time of day",
    "531": "not from this machine",
    "532": "password expired",
    "533": "account disabled",
    "701": "account expired",
    "773": "password must be changed first",
    "775": "account locked",
}
PASSWORD_POLICY = {
    "passwordExpired": "password expired",
    "accountLocked": "account locked",
    "changeAfterReset": "password must be changed first",
}
# Reason in the log -> text that the user is shown; "wrong" for reasons that are not listed.
REASONS = {
    "password expired": "expired",
    "password must be changed first": "change",
    "account locked": "locked",
    "account disabled": "disabled",
    "account expired": "disabled",
    "not at this time of day": "disabled",
    "not from this machine": "disabled",
}


class LoginRefusedError(Exception):
    """The directory knows the answer, and it is no; the message is for the log."""

    @property
    def reason(self) -> str:
        """What the person is told, one of the interface's reasons."""
        return REASONS.get(str(self), "wrong")


class UnavailableError(Exception):
    """No server could be asked; the message says why of each."""


class ServerError(Exception):
    """A server that cannot be asked.

    fix is what to ask the directory's administrator. lasting is false for what may be different tomorrow or from
    elsewhere; hold is true where asking again does harm.
    """

    def __init__(self, message: str, fix: str, lasting: bool = True, hold: bool = False) -> None:
        super().__init__(message)
        self.fix, self.lasting, self.hold = fix, lasting, hold


def refusal(error: ldap.LDAPError) -> str:
    """Return why a server did not accept a password."""
    details = _details(error)
    for oid, _critical, value in details.get("ctrls", []):
        if oid == PasswordPolicyControl.controlType:
            policy = PasswordPolicyControl()
            policy.decodeControlValue(value)
            if policy.error is not None:
                return policy_refusal(policy.error)
    code = re.search(r"\bdata ([0-9a-f]+)", details.get("info", ""))
    if code:
        return ACTIVE_DIRECTORY.get(code[1], f"refused by Active Directory, code {code[1]}")
    return "wrong password" if isinstance(error, ldap.INVALID_CREDENTIALS) else f"refused: {details.get('desc', '')}"


def policy_refusal(error: int) -> str:
    """Return the reason that a password policy gives by a number."""
    name = PasswordPolicyError.namedValues.getName(error)
    return PASSWORD_POLICY.get(name, f"refused by the password policy: {name}")


def words(error: ldap.LDAPError) -> str:
    """Return an error of python-ldap as text."""
    details = _details(error)
    return ", ".join(filter(None, (details.get("desc", str(error) or "no answer"), details.get("info", "")))).strip()


def connection_error(error: OSError, port: int) -> ServerError:
    """Return the error for a connection that could not be made."""
    if isinstance(error, socket.gaierror):
        return ServerError("its name has no address", "for its right name, or for the name servers that know it", False)
    if isinstance(error, ssl.SSLCertVerificationError):
        return ServerError(
            f"its certificate is not trusted ({error.verify_message})",
            "for the CA certificate that issued it (jitsi_directory.ca_file), and which names and dates are in it",
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, TimeoutError):
        return ServerError(f"TLS fails ({error.reason or error})", "which versions and ciphers of TLS it speaks there")
    fix = f"whether it is up and lets this machine in at TCP {port}"
    return ServerError(f"it does not answer ({error.strerror or error})", fix, False)


def _details(error: ldap.LDAPError) -> dict[str, Any]:
    return error.args[0] if error.args and isinstance(error.args[0], dict) else {}
