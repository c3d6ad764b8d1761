"""Secrets, derived from the customer's seed, one for each purpose."""
