"""The words of the pages, German and English."""

import re
from collections.abc import Mapping

Words = Mapping[str, str]

TEXTS: Mapping[str, Words] = {
    "en": {
        "title": "Log in",
        "why": "Log in to open and moderate conferences. Guests do not need to log in.",
        "user": "User name",
        "password": "Password",
        "stay": "Stay logged in on this device",
        "log_in": "Log in",
        "provider_link": "Log in with your organization's account",
        "logout": "Log out",
        "logout_why": "You are logged in on this device.",
        "logged_out": "You are logged out",
        "logged_out_why": "From now on you join conferences on this device as a guest.",
        "home": "Start page",
        "privacy": "Privacy",
        "imprint": "Imprint",
        "wrong": "The user name or password is wrong.",
        "expired": "Your password has expired. Change it where you usually do, then log in again.",
        "change": "Your password must be changed first. Change it where you usually do, then log in again.",
        "locked": "Your account is locked after too many wrong passwords. Please try again later.",
        "disabled": "Your account is disabled or has expired. Please ask your administrator.",
        "guesses": "Too many wrong passwords. Please try again in ten minutes.",
        "unavailable": "Logins are not possible at the moment. Please try again in a few minutes.",
        "busy": "Too many logins at once. Please try again in a moment.",
        "stale": "This form is too old, or your browser does not store cookies. Please try again.",
        "provider": "The login was refused. Please try again, or ask your administrator.",
        "links": "You log in with a link from your organization. Please open it again.",
    },
    "de": {
        "title": "Anmelden",
        "why": "Melden Sie sich an, um Konferenzen zu eröffnen und zu moderieren. Gäste brauchen keine Anmeldung.",
        "user": "Benutzername",
        "password": "Passwort",
        "stay": "Auf diesem Gerät angemeldet bleiben",
        "log_in": "Anmelden",
        "provider_link": "Mit dem Konto Ihrer Organisation anmelden",
        "logout": "Abmelden",
        "logout_why": "Sie sind auf diesem Gerät angemeldet.",
        "logged_out": "Sie sind abgemeldet",
        "logged_out_why": "Auf diesem Gerät nehmen Sie ab jetzt als Gast an Konferenzen teil.",
        "home": "Zur Startseite",
        "privacy": "Datenschutz",
        "imprint": "Impressum",
        "wrong": "Der Benutzername oder das Passwort ist falsch.",
        "expired": "Ihr Passwort ist abgelaufen. Bitte ändern Sie es und melden Sie sich dann an.",
        "change": "Ihr Passwort muss zuerst geändert werden. Bitte ändern Sie es und melden Sie sich dann an.",
        "locked": "Ihr Konto ist nach zu vielen falschen Passwörtern gesperrt. Bitte später noch einmal versuchen.",
        "disabled": "Ihr Konto ist deaktiviert oder abgelaufen. Bitte wenden Sie sich an Ihre Administration.",
        "guesses": "Zu viele falsche Passwörter. Bitte versuchen Sie es in zehn Minuten noch einmal.",
        "unavailable": "Anmelden ist im Moment nicht möglich. Bitte versuchen Sie es in einigen Minuten noch einmal.",
        "busy": "Zu viele Anmeldungen auf einmal. Bitte versuchen Sie es gleich noch einmal.",
        "stale": "Das Formular ist zu alt, oder Ihr Browser speichert keine Cookies. Bitte noch einmal versuchen.",
        "provider": "Die Anmeldung wurde abgelehnt. Bitte versuchen Sie es erneut oder fragen Sie Ihre Administration.",
        "links": "Anmelden können Sie sich mit einem Link Ihrer Organisation. Bitte öffnen Sie ihn noch einmal.",
    },
}


def language_of(accepted: str, default: str) -> str:
    """Return the first language of a browser's list that there are words in, else the default, else English."""
    for choice in accepted.split(","):
        language = re.split("[-;]", choice.strip().lower(), maxsplit=1)[0]
        if language in TEXTS:
            return language
    return default if default in TEXTS else "en"
