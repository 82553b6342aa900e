"""How fast Herdmate is: real typing in a real file, through a real server, and against rivals.

**Invariant:** every figure is measured in the run that prints it; nothing is assumed about the
machine.
"""
