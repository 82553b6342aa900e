"""Running the model: the engine, its process, its scheduler and its backends.

**Invariant:** generation never runs in the language server's process. ``client`` is the server's
side, ``worker`` the child process; they exchange JSON lines (``wire``). Inside the child the
``scheduler`` decides which job is evaluated next and a ``Backend`` evaluates it: ``llama`` for real
models, ``fake`` for fast tests. Only this package imports ``llama_cpp``.
"""
