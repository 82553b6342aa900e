"""How it is said: prompt files, and the wire formats of the model families.

**Invariant:** no sentence for the model stands in Python, and no logic in ``prompts/``. Text of the
user reaches the model as ``Text`` only. This package knows no engine and no syntax tree.
"""
