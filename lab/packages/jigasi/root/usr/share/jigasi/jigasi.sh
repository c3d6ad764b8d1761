#!/bin/sh
# STAND-IN for Jigasi's start script.
exec /usr/bin/python3 -uB /usr/share/jigasi/jigasi.py "$@"
