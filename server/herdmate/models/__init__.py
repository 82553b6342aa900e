"""Which file: the catalogue, fetching, inspecting and choosing of models.

**Invariant:** a model file under its own name in the model folder is whole and has the pinned hash.
Sockets are opened by ``fetch`` alone, in child processes, and only because the user asked.
"""
