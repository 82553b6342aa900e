"""Ghost text: when to offer it, what to ask the model, and how much of the answer to show.

**Invariant:** knows neither the protocol nor the user interface. Everything it needs is passed
in; all it keeps between keystrokes is ``state.CompletionState``.
"""
