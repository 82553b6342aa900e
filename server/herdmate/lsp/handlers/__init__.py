"""One feature a file: a handler converts, delegates, and converts back."""
