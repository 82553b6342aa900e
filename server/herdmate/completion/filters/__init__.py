"""Which part of the model's text is worth showing: one rule per file.

Each rule takes the text and the context of the cursor it is for, and returns the part to keep;
``""`` means none of it. ``limit_`` rules find the end of the completion, and can tell that it has
been reached while the text is still streaming. The order of the rules is in ``postprocess``; golden
cases are in ``tests/golden/postprocess``.

**Invariant:** rules look only at text, never at the syntax tree, which may have moved on.
"""
