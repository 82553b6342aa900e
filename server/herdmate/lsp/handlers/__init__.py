"""One feature per file: a handler converts, delegates, and converts back."""
