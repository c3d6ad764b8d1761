"""Logs people in, once for every room, and vouches for them to prosody."""
