"""The client's capabilities that Herdmate acts on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsprotocol import types


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Every field is false for a client that declares nothing."""

    status: bool = False
    """Knows ``herdmate/status``."""
    explanation: bool = False
    """Knows ``herdmate/explanation``."""
    ask: bool = False
    """Can ask the user for an instruction (``herdmate.ask``)."""
    diagnostics: bool = False
    """Answers ``herdmate/diagnostics``."""
    own_diagnostics: bool = False
    """Its code action requests have only the diagnostics that Herdmate itself published."""
    declarations: bool = False
    """Answers ``herdmate/declarations``."""
    menu: bool = False
    """Shows ``herdmate/menu``."""
    configure: bool = False
    """Answers ``herdmate/configure``."""
    grows: bool = False
    """Asks again for ghost text that has grown (``herdmate/completionGrew``)."""
    review: bool = False
    """Shows a change for review, hunk by hunk (``herdmate/review``)."""
    ghost_text: bool = False
    """Knows ``herdmate/ghostTextChanged``."""
    stop: bool = False
    """Shows an explanation's progress and sends ``herdmate/stop``."""
    extensions: frozenset[str] = frozenset()
    """Ids of the editor's other extensions, in lower case."""
    suggestion_key: str = ""
    """The key that requests a suggestion, in words for the user."""
    shows_content: bool = False
    """Shows documents that exist only in the server (workspace/textDocumentContent)."""
    inline_completion: bool = False
    show_document: bool = False
    progress: bool = False
    configuration: bool = False
    """Answers workspace/configuration."""
    dynamic_configuration: bool = False
    """Supports dynamic registration of workspace/didChangeConfiguration."""
    apply_edit: bool = False
    resolve_edit: bool = False
    """Gets an action's edit through codeAction/resolve."""
    knows_generated: bool = False
    """Knows the tag of actions whose result a model writes, and lists them after all others."""
    versioned_edits: bool = False
    annotations: bool = False
    creates_files: bool = False
    """Accepts edits that create files."""
    show_message_request: bool = False
    watches_files: bool = False
    """Supports dynamic registration of workspace/didChangeWatchedFiles."""
    client: str = ""
    """The client's name, in lower case."""

    @property
    def waits_for_menu(self) -> bool:
        """Can a menu that the user opened wait for the model? Typing on does not wait for it."""
        return self.client in ("eglot", "helix")

    @property
    def names_servers(self) -> bool:
        """Is it clear whose an action is? Others list those of several servers without a name."""
        return self.client in ("neovim", "eglot")

    @property
    def wraps(self) -> bool:
        """Does it wrap long lines, if nobody has told it so?"""
        return self.client != "helix"

    @property
    def drops_answers(self) -> bool:
        """Does it throw away what a command answers? Then that has to be shown as a message."""
        return self.client == "helix"

    @property
    def sorts_by_kind(self) -> bool:
        """Does it list code actions by their kind, quick fixes first and unknown kinds last?"""
        return self.client == "helix"


def capabilities_from_lsp(capabilities: types.ClientCapabilities) -> Capabilities:
    """The capabilities that a client sent with ``initialize``; missing ones are false."""
    workspace = capabilities.workspace or types.WorkspaceClientCapabilities()
    document = capabilities.text_document or types.TextDocumentClientCapabilities()
    window = capabilities.window or types.WindowClientCapabilities()
    own = _own(capabilities.experimental)
    edit = workspace.workspace_edit
    action = document.code_action
    tags = action.tag_support if action else None
    return Capabilities(
        status=bool(own.get("status")),
        explanation=bool(own.get("explanation")),
        ask=bool(own.get("ask")),
        diagnostics=bool(own.get("diagnostics")),
        own_diagnostics=bool(own.get("ownDiagnostics")),
        declarations=bool(own.get("declarations")),
        menu=bool(own.get("menu")),
        configure=bool(own.get("configure")),
        grows=bool(own.get("grows")),
        review=bool(own.get("review")),
        ghost_text=bool(own.get("ghostText")),
        stop=bool(own.get("stop")),
        extensions=_names(own.get("extensions")),
        suggestion_key=_word(own.get("suggestionKey")),
        shows_content=_is_dynamic(workspace.text_document_content),
        inline_completion=document.inline_completion is not None,
        show_document=bool(window.show_document and window.show_document.support),
        progress=bool(window.work_done_progress),
        configuration=bool(workspace.configuration),
        dynamic_configuration=_is_dynamic(workspace.did_change_configuration),
        apply_edit=bool(workspace.apply_edit),
        resolve_edit=_resolves_edits(action),
        knows_generated=_GENERATED in ((tags and tags.value_set) or ()),
        # Neovim supports documentChanges, but declares only the file operations it knows in them.
        versioned_edits=bool(edit and (edit.document_changes or edit.resource_operations)),
        creates_files=bool(edit and _CREATE in (edit.resource_operations or ())),
        annotations=bool(edit and edit.change_annotation_support),
        show_message_request=window.show_message is not None,
        watches_files=_is_dynamic(workspace.did_change_watched_files),
    )


_GENERATED = types.CodeActionTag.LlmGenerated
_CREATE = types.ResourceOperationKind.Create
_LONGEST_WORD = 40


def _is_dynamic(feature: Any) -> bool:
    """Can the feature be registered after ``initialize``?"""
    return bool(feature and feature.dynamic_registration)


def _resolves_edits(action: types.CodeActionClientCapabilities | None) -> bool:
    support = action.resolve_support if action else None
    return support is not None and "edit" in support.properties


def _names(value: Any) -> frozenset[str]:
    names = value if isinstance(value, list) else ()
    return frozenset(name.lower() for name in names if isinstance(name, str))


def _word(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_WORD else ""


def _own(experimental: Any) -> Mapping[str, Any]:
    own = experimental.get("herdmate") if isinstance(experimental, Mapping) else None
    return own if isinstance(own, Mapping) else {}
