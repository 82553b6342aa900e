"""Which part of the model's text is worth showing: one rule per file.

Each rule takes the text and the context of the cursor it is for, and returns the part to keep;
``""`` is nothing. ``limit_`` rules find the end of the completion, and can tell while the text is
still streaming that it has been reached. Their order is in ``postprocess``; golden cases are in
``tests/golden/postprocess``.

**Invariant:** rules look only at text, never at the syntax tree, which may have moved on.
"""
