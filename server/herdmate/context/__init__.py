"""What the model should see of the user's files.

**Invariant:** only this package uses tree-sitter. A syntax tree is opaque outside it, and every
position that goes in or out is a ``str`` offset. Text for the model has ``\\n`` as its only line
end, whatever the file has. Everything works without a grammar, if less well: an unknown language is
never an error.
"""
