"""Runs on a customer's folder: who may change it now, and the journal of who did what."""
