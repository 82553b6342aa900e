"""Every error that Herdmate raises on purpose: one tree, one sentence each.

**Invariant:** ``str(error)`` is one plain sentence (or two) that a user can act on: what is wrong
and what to do. It never carries the user's code.
"""


class HerdmateError(Exception):
    """The root: something that the user can mend, said in ``str(error)``."""


class SettingsError(HerdmateError):
    """A setting has a name or a value that Herdmate does not know."""


class ModelError(HerdmateError):
    """The model: not there, not readable, not fitting, or not able to do what was asked."""


class NoMemoryError(ModelError):
    """There is not enough memory for the model or its context."""


class NoModelError(ModelError):
    """No usable model is on this machine yet."""


class FetchError(ModelError):
    """A model could not be fetched or did not have the pinned hash."""


class EngineError(HerdmateError):
    """The engine could not carry out a request."""


class EngineStoppedError(EngineError):
    """The engine's process ended while a request was in flight."""


class ContextFullError(EngineError):
    """The prompt does not fit into the model's context."""


class ServerError(EngineError):
    """The server that runs the model refused, broke off, or said what nobody understands.

    ``status`` is its HTTP status, 0 where there is none. ``is_loading``: it will answer once its
    model is loaded. ``wait`` is in seconds, as far as the server said how long.
    """

    def __init__(
        self, message: str, status: int = 0, is_loading: bool = False, wait: float = 0.0
    ) -> None:
        super().__init__(message)
        self.status, self.is_loading, self.wait = status, is_loading, wait


class UnreachableError(ServerError):
    """No server answers where the settings say that one is."""


class HungUpError(UnreachableError):
    """Somebody takes the connection and closes it without an answer."""


class PromptError(HerdmateError):
    """A prompt file is wrong: the message names the file and what to change."""


class SelectionError(HerdmateError):
    """What was selected cannot be explained or rewritten."""


class RefusedError(HerdmateError):
    """The model's answer would have harmed the file, so nothing was changed.

    ``repair`` names the words by which the model can be told what was wrong (see
    ``prompting.words``) and ``values`` fill them; ``""`` where to ask again would be of no use.
    """

    def __init__(self, message: str, repair: str = "", **values: str) -> None:
        super().__init__(message)
        self.repair, self.values = repair, values


class UnchangedError(RefusedError):
    """The model would leave the code as it is."""


class StaleError(RefusedError):
    """The document has changed while the model was working."""


class SetupError(HerdmateError):
    """An editor's configuration cannot be written, or there is no such editor."""
