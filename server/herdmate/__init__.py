"""Herdmate: a coding companion that runs entirely on the user's machine.

Layers, each importing only from those below it::

    cli                                     composition root
    lsp                                     speaks the protocol, decides nothing
    usage                                   counts what became of the ghost text
    completion | actions                    ghost text | explanations and edits
    models                                  which model file, and where it comes from
    context | prompting | engine            what the model sees | how it is asked | what runs it
    redaction                               hides secrets
    settings · generation · text · errors   values only
"""
