"""Who says it: the engine, its process, its scheduler and the models behind it.

**Invariant:** generation never runs in the language server's process. ``client`` is the server's
side, ``worker`` the child process; between them run JSON lines (``wire``). Inside the child the
``scheduler`` decides who is evaluated next and a ``Backend`` evaluates: ``llama`` for real models,
``fake`` for fast tests. ``llama_cpp`` is imported in ``llama`` and ``vocabulary`` only.
"""
