"""Models: the catalogue, and how to fetch, inspect and choose model files.

**Invariant:** a model file under its own name in the model folder is complete and has the pinned
hash. Sockets are opened in child processes only (``web_file``,
``hugging_face``, pip), and only because the user asked.
"""
