"""What a companion does: one verb a file.

**Invariant:** joins ``context``, ``prompting`` and ``engine``; knows neither the protocol nor the
user interface. Everything it needs comes in as arguments.
"""
