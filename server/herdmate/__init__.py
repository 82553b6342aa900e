"""Herdmate: a coding companion that runs wholly on its user's machine.

Layers, each importing only from those below it::

    cli                                     composition root
    lsp                                     speaks the protocol, decides nothing
    completion | actions | usage            ghost text, what is done on request, what is counted
    context | prompting | engine | models   what is seen, how it is said, who says it, which file
    settings · generation · text · errors   values only
"""
