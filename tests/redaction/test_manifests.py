"""The values of Kubernetes secrets, in the orders and layouts in which tools print manifests."""

from __future__ import annotations

import pytest

from herdmate.redaction.redact import redacted

_CERTIFICATE = "LS0t" + "pelicanmillriver" * 200
"""Thousands of characters that look like nothing by themselves."""

_METADATA = "metadata:\n  name: a\n" + "  # the mill by the river\n" * 100


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "manifest",
    [
        f"data:\n  ca.crt: {_CERTIFICATE}\n  user: harbour\nkind: Secret\n",
        f"data:\n  user: harbour\n{_METADATA}kind: Secret\n",
        f"kind: Secret\n{_METADATA}data:\n  user: harbour\n",
        f"- apiVersion: v1\n  data:\n    user: harbour\n  {_METADATA}  kind: Secret\n",
        "- data:\n    user: harbour\n  kind: Secret\n",
        "kind: Secret\ndata:\n\n  user: harbour\n",
        "kind: Secret\nstringData:\n  a: |\n    b\n\n \n    c\n\n  user: harbour\n",
        "kind: Secret\nstringData:\n  user: harbour",
        "kind: ConfigMap\n---\nkind: Secret\ndata:\n  user: harbour\n---\nkind: Service\n",
        f'{{"data": {{"ca.crt": "{_CERTIFICATE}", "user": "harbour"}}, "kind": "Secret"}}\n',
        '{"data": {"user": "the \\"harbour"}, "kind": "Secret"}\n',
    ],
)  # fmt: skip
def test_a_secret_of_a_manifest_is_hidden_in_any_layout(manifest: str, line_end: str) -> None:
    """Values far from the kind, or below a blank line, were shown."""
    manifest = manifest.replace("\n", line_end)
    hidden = redacted(manifest)
    assert "harbour" not in hidden
    assert _CERTIFICATE not in hidden
    assert "user" in hidden
    assert len(hidden) == len(manifest)


def test_other_documents_of_a_file_with_a_secret_are_not_hidden() -> None:
    others = "kind: ConfigMap\ndata:\n  user: harbour\n"
    secret = "kind: Secret\ndata:\n  user: quay99\n"
    for text in (f"{others}---\n{secret}", f"{secret}---\n{others}", f"{others}--- # b\n{secret}"):
        assert redacted(text) == text.replace("quay99", "******")


def test_what_follows_the_data_of_a_manifest_is_not_hidden() -> None:
    for text in (
        "kind: Secret\ndata:\n  user: quay99\n\nmetadata:\n  name: harbour\n",
        "- data:\n    user: quay99\n  metadata:\n    name: harbour\n  kind: Secret\n",
    ):
        assert redacted(text) == text.replace("quay99", "******")
