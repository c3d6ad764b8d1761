"""Serve an OpenStack WSGI application on loopback: serve.py MODULE PORT [arguments of the service]."""

import importlib
import sys

import waitress

module, port = sys.argv[1], sys.argv[2]
sys.argv = [module, *sys.argv[3:]]  # the services read their own arguments from here
# One request at a time: SQLite refuses a transaction that read first and wants to write while another one writes.
waitress.serve(importlib.import_module(module).application, listen=f"127.0.0.1:{port}", threads=1, ident="lab")
