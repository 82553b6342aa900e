"""Replaces keys, tokens and passwords with asterisks in everything that an engine receives.

**Invariant:** redaction changes neither the length of a text nor its line endings.
"""
