"""Certificates and keys that a customer's servers trust or show."""
