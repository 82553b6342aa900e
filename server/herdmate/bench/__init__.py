"""How fast it is: real typing over a real file, through a real server, and beside its rivals.

**Invariant:** every figure is measured in the run that prints it; nothing is assumed of a machine.
"""
