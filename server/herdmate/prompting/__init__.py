"""How a request is put to the model: prompt files, and the wire formats of the model families.

**Invariant:** Python holds no sentence for the model, and ``prompts/`` holds no logic. User text
reaches the model only as ``Text``. This package knows no engine and no syntax tree.
"""
