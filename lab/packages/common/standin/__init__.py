"""What the stand-ins for Jitsi's daemons share: settings, XMPP, HTTP.

STAND-IN, not Jitsi's own.  Standard library only, so that it is the same on every Debian release.
"""
