"""Herdmate: a coding companion that runs wholly on its user's machine.

Layers, each importing only from those below it::

    cli                                     composition root
    lsp                                     speaks the protocol, decides nothing
    assist                                  complete, explain, rewrite
    context | prompting | engine | models   what is seen, how it is said, who says it, which file
    settings · generation · text · errors   values only
"""
