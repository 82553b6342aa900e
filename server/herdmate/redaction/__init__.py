"""Stars in the place of keys, tokens and passwords: nothing reaches an engine but through here.

**Invariant:** a redacted text has the length and the line ends that it had before.
"""
