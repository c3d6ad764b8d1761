#!/bin/sh
# STAND-IN for jicofo's start script.
exec /usr/bin/python3 -uB /usr/share/jicofo/jicofo.py "$@"
