"""What of the model's text is worth showing: one rule a file.

Each rule takes the text and the context of the cursor that it is meant for, and gives back what it
leaves of it; ``""`` is nothing. ``limit_`` rules find the end of the completion and tell, while the
text is still coming, that it has come. Their order is in ``postprocess``; golden cases are in
``tests/golden/postprocess``.

**Invariant:** only text is looked at, never the syntax tree, which may have moved on.
"""
