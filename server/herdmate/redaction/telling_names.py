"""Names that reveal that their value is secret: ``password``, ``apiKey``, ``mot_de_passe``."""

# ruff: noqa: SIM905 - long lists of words, to be read and added to

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from herdmate.redaction.places import lowered

Kind = Literal["password", "phrase", "words", "hex", "random"]
"""What a value looks like: chosen by a person, that or four words, twelve words, 64 digits, random.
"""

_BEFORE_PASS = "db user root admin smtp mail ftp login auth sql store".split()
_PASSWORD = "|".join(
    (
        "pass(?:word|wd|phrase|code|wort|ord)|pwd|securestring|kennwort|contrase[ñn]a|senha|parola",
        "mot_?de_?passe|has[łl]o|парол[ья]|密[码碼]|口令|비밀번호|암호|パスワード|暗証番号|wachtwoord",
        "l[öo]senord|adgangskode|salasana|heslo|jelsz[óo]|şifre|sifre|lozinka|m[ậa]t_?kh[ẩa]u",
        "kata_?sandi|κωδικός|סיסמה|סיסמא|كلمة[ _]?المرور|كلمة[ _]?السر|รหัสผ่าน|पासवर्ड",
        "p(?<![a-z]p)(?:ass|sw|w)(?![a-z])|m(?<![a-z]m)dp(?![a-z])",
        *(f"{word}p(?:ass|w)(?![a-z])" for word in _BEFORE_PASS),
    )
)
_WORDS = (
    "mnemonic|wallet_?seed|account_?seed|master_?seed|seed[ _-]?phrase|seed[ _-]?words|"
    "recovery[ _-]?phrase|recovery[ _-]?words|backup[ _-]?phrase"
)
_HEX = (
    "priv(?:ate)?(?![a-z])|signer|deployer|wallet(?!_?seed)|seed(?![ _-]?phrase)|entropy|"
    "_sk(?![a-z])"
)
_RANDOM = (
    "secret[ao]?|token|credential|key|geheim(?:nis)?|segredo|секрет|токен|密[钥鑰]|令牌|トークン|"
    "秘密鍵|토큰|jwt(?![a-z])|psk(?![a-z])|session_?id(?![a-z])|php_?sessid|csrf(?![a-z])"
)
# Without groups, so that the search for the first character is a fast one.
_NAME = re.compile("|".join((_PASSWORD, _WORDS, _HEX, _RANDOM)))
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("random", re.compile(_RANDOM)),
    ("phrase", re.compile("passphrase")),
    ("words", re.compile(_WORDS)),
    ("hex", re.compile(_HEX)),
)
_KEYS = tuple(
    "access account admin api app application auth client consumer crypt deploy encrypt encryption "
    "fernet hmac host jwt license master preshared private service session shared signing ssh "
    "storage subscription".split()
)
"""Words that make a following ``key`` a secret one."""


def telling_names_in(text: str) -> Iterator[tuple[Kind, int, int]]:
    """For each name, in order: what its value looks like, and where the name starts and ends."""
    lower = lowered(text)
    for name in _NAME.finditer(lower):
        if name[0] == "key" and not _is_secret_key(lower, name.start()):
            continue
        yield _kind(lower, name), name.start(), name.end()


def _kind(text: str, name: re.Match[str]) -> Kind:
    kinds = (kind for kind, names in _KINDS if names.match(text, name.start()) is not None)
    return next(kinds, "password")


def _is_secret_key(lower: str, at: int) -> bool:
    before = lower[max(at - 16, 0) : at]
    return (before[:-1] if before[-1:] in ("_", "-", ".", " ") else before).endswith(_KEYS)
