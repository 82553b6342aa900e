"""What the model should see of the user's files.

**Invariant:** the only home of tree-sitter. A syntax tree is opaque outside this package, and every
place that goes in or comes out is a ``str`` offset. What a function here gives to the model has
``\\n`` as its only line end, whatever the file has. Everything works without a grammar, only less
well: an unknown language is never an error.
"""
