"""What can be done with code on request: explain it, rewrite it, fix it, test it.

**Invariant:** knows neither the protocol nor the user interface. Everything an action needs comes
in as arguments, and nothing is kept between two of them.
"""
