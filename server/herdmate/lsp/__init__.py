"""The server's side of the Language Server Protocol.

**Invariant:** speaks the protocol, decides nothing. It is the only home of pygls, lsprotocol, lines
and columns: a handler converts, delegates to ``completion``, ``actions`` or ``usage``, and converts
back.
"""
