"""What can be done with code on request: explain it, rewrite it, fix it, test it.

**Invariant:** knows neither the protocol nor the user interface. Everything an action needs is
passed in, and nothing is kept between actions.
"""
