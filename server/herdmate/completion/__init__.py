"""Ghost text: when it is offered, what the model is asked, and what of its answer is shown.

**Invariant:** knows neither the protocol nor the user interface. Everything it needs comes in as
arguments; what it keeps between two keystrokes is ``state.CompletionState``.
"""
