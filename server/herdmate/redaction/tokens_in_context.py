"""Secrets that their surroundings give away: in URLs, headers, connection strings, commands.

Every pattern is linear: it starts at a literal that is searched for first, or at the start of a run
of characters, and each repetition ends at the first other character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from herdmate.redaction.places import Place
from herdmate.redaction.values import is_secret_value


def shaped_in(text: str) -> Iterator[Place]:
    """The places of secrets in known surroundings, unordered."""
    for shape in _SHAPES:
        if any(mark in text for mark in shape.marks):
            for found in shape.pattern.finditer(text):
                if not shape.is_doubtful or is_secret_value(found[1]):
                    yield found.span(1)
    yield from _halves(text)


@dataclass(frozen=True, slots=True)
class _Shape:
    """The secret is the pattern's group. A text without any of the marks cannot match.

    ``is_doubtful``: the group also has to look like a secret.
    """

    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    is_doubtful: bool = False


_SHAPES = (
    # https://user:password@host
    _Shape(
        ("://",),
        re.compile(r"://[^\s/?#@:\"'`<>|]{0,128}:([^\s/?#@,\"'`<>|]{1,512})@(?!\{)[\w\[$]"),
        is_doubtful=True,
    ),
    _Shape(("://",), re.compile(r"https?://([A-Za-z0-9_-]{20,512})@[\w\[]"), is_doubtful=True),
    # Authorization: Bearer …
    _Shape(
        ("uthorization", "UTHORIZATION"),
        re.compile(
            r"(?i:authorization)[\"'`\]]{0,2}\s{0,4}[:=,]\s{0,4}[a-z]{0,2}[\"'`]{0,3}"
            r"(?i:(?:bearer|basic|token|digest|apikey|key|bot)\s{1,4})?([A-Za-z0-9+/=_.~:-]{8,4096})"
        ),
        is_doubtful=True,
    ),
    _Shape(
        ("earer ", "EARER ", "asic ", "ASIC "),
        re.compile(r"[Bb](?:earer|asic|EARER|ASIC)\s{1,4}([A-Za-z0-9+/=_.~-]{16,4096})"),
        is_doubtful=True,
    ),
    # Tokens with no telling prefix
    _Shape((".atlasv1.",), re.compile(r"\b([A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,})")),
    _Shape(("-us",), re.compile(r"\b([a-f0-9]{32}-us\d{1,2})\b")),
    _Shape((":AA",), re.compile(r"(?<![A-Za-z0-9])(\d{8,10}:AA[\w-]{30,})")),
    _Shape(("7Q~", "8Q~"), re.compile(r"(?<![\w~.-])([\w~.-]{3}[78]Q~[\w~.-]{30,})")),
    # Webhooks
    _Shape(
        ("hooks.slack.com/",),
        re.compile(r"hooks\.slack\.com/[a-z]{1,20}/([A-Za-z0-9/+_-]{16,200})"),
    ),
    _Shape(("/api/webhooks/",), re.compile(r"/api/webhooks/(\d{10,25}/[\w-]{20,200})")),
    _Shape(("webhook.office.com/",), re.compile(r"webhook\.office\.com/([\w@/-]{40,400})")),
    _Shape(("hooks.zapier.com/",), re.compile(r"hooks\.zapier\.com/hooks/([\w/-]{8,200})")),
    # Azure
    _Shape(
        ("AccountKey=", "AccessKey=", "SharedAccessSignature="),
        re.compile(r"(?:AccountKey|AccessKey|SharedAccessSignature)=([A-Za-z0-9+/=%_&-]{16,512})"),
    ),
    _Shape(("sig=",), re.compile(r"[?&;]sig=([A-Za-z0-9%+/=_-]{20,512})")),
    # Query strings
    _Shape(
        ("token=", "key=", "secret=", "assword=", "ignature="),
        re.compile(
            r"[?&](?:[a-zA-Z-]{1,20}[_-])?(?:(?:access_?|auth_?|private_?)?token|api_?key|key|secret|"
            r"client_secret|password|X-Amz-Signature|[Ss]ignature)=([^\s&\"'`<>{}$#]{8,4096})"
        ),
        is_doubtful=True,
    ),
    # Server=host;User Id=user;Password=password;
    _Shape(
        ("assword=", "Pwd=", "PWD=", "pwd="),
        re.compile(r";[ ]?(?:[Pp]assword|[Pp]wd|PWD)=([^;\"'\s{}$<>]{4,256})"),
    ),
    _Shape(
        ("assword=", "Pwd=", "PWD=", "pwd="),
        re.compile(r"(?:Password|Pwd|PWD|pwd)=([^;\"'\s{}$<>]{4,256})(?=; ?[A-Z][A-Za-z ]{1,20}=)"),
    ),
    _Shape(
        ("host=", "dbname=", "user="),
        re.compile(r"[ \"']password=([^;\"'\s{}$<>&,()\[\]]{4,256})(?=[ \"'])"),
    ),
    # machine host login user password password
    _Shape(
        ("machine ", "default "),
        re.compile(
            r"(?:machine\s{1,40}\S{1,128}|default)\s{1,40}(?:(?:login|port|account)\s{1,40}"
            r"\S{1,128}\s{1,40}){0,4}(?:password|passwd)\s{1,40}(\S{1,256})"
        ),
    ),
    # host:port:database:user:password
    _Shape(
        (":54", ":*:", ":63", ":64"),
        re.compile(
            r"^[ \t#]{0,8}[\w.*/-]{1,128}:(?:\*|\d{4,5}):[\w*-]{1,64}:[\w*.@-]{1,64}:"
            r"([^\s:\"'$]{4,256})[ \t\r]{0,8}$",
            re.MULTILINE,
        ),
    ),
    # SQL
    _Shape(
        ("dentified ", "DENTIFIED "),
        re.compile(
            r"(?i:\b(?:user|role|to|if[ ]not[ ]exists)\s{1,8}\S{1,128}\s{1,8}identified\s{1,8}"
            r"(?:with\s{1,8}\S{1,40}\s{1,8})?(?:by|as)\s{1,8}(?:password\s{1,8})?)"
            r"[\"'`]?([^\s\"'`;,$<>{}()]{4,256})"
        ),
    ),
    _Shape(
        ("assword", "ASSWORD"),
        re.compile(
            r"(?i:\b(?:set\s{1,8}password|with\s{1,8}(?:encrypted\s{1,8})?password)"
            r"(?:\s{1,8}for\s{1,8}\S{1,128})?\s{0,8}[= ]\s{0,8}n?(?:password\()?)"
            r"[\"']([^\"'\r\n$<>{}]{4,256})[\"']"
        ),
    ),
    _Shape(
        ("jdbc:oracle:",), re.compile(r"jdbc:oracle:\w{2,8}:[\w.-]{1,64}/([^\s@\"'${]{2,128})@")
    ),
    _Shape(
        ("sqlplus ", "expdp ", "impdp ", "sqlldr "),
        re.compile(
            r"\b(?:sqlplus|expdp|impdp|sqlldr)\s[^\r\n|;]{0,80}?\b\w{1,32}/([^\s@/\"'${<]{3,64})@[\w/.:-]"
        ),
    ),
    # Cookies
    _Shape(
        ("ookie", "OOKIE"),
        re.compile(
            r"(?i:(?<![a-z])(?:set-)?cookies?)[\"'`\]]{0,2}[ \t]{0,4}[:=,][ \t]{0,4}[\"'`{]{0,3}"
            r"(?:[\w.-]{1,64}[=:][^\s;\"']{0,128};[ ]?){0,6}"
            r"(?:__(?:Host|Secure)-)?[\w.-]{1,64}[\"']?[=:][ ]?[\"']?([^\s;,\"'`<>{}$]{12,4096})"
        ),
        is_doubtful=True,
    ),
    _Shape(
        ("curl",),
        re.compile(r"\s(?:-b|--cookie)[= ][\"']?[\w.-]{1,64}=([^\s;,\"'`<>{}$]{12,4096})"),
        is_doubtful=True,
    ),
    # Hashes of passwords
    _Shape(
        ("$",),
        re.compile(
            r"(\$(?<![\w$]\$)(?:(?:[1567y]|gy|md5|apr1)\$(?:[\w=./]{1,40}\$){1,2}[./A-Za-z0-9]{12,128}|"
            r"2[abxy]?\$\d\d\$[./A-Za-z0-9]{30,60}|[PHS]\$[./A-Za-z0-9]{28,64}|"
            r"(?:sha1|scrypt|s0|argon2(?:id?|d)|bcrypt-sha256|pbkdf2(?:-sha\d{1,3})?)"
            r"\$[./A-Za-z0-9=,$+_-]{20,512}))"
        ),
    ),
    _Shape(
        ("pbkdf2", "scrypt:", "argon2$", "bcrypt", "SCRAM-"),
        re.compile(
            r"\b((?:pbkdf2_sha\d{1,3}|pbkdf2:sha\d{1,3}:\d{1,8}|scrypt:[\d:]{3,20}|argon2|bcrypt(?:_sha256)?|"
            r"SCRAM-SHA-\d{1,3})\$[./A-Za-z0-9=,$+:_-]{20,512})"
        ),
    ),
    _Shape(
        ("->",),
        re.compile(
            r"[\"']([^\"'\s$<>{}]{6,256})[\"'][ ]{0,4}->>?[ ]{0,4}[\w.]{0,40}"
            r"(?i:passw|passphrase|secret|token|pwd|_key)"
        ),
        is_doubtful=True,
    ),
    _Shape(
        ("{S", "{CRYPT}", "{crypt}", "{MD5}", "{P"),
        re.compile(
            r"\{(?:S?SHA(?:256|512)?|S?MD5|CRYPT|crypt|PBKDF2[A-Z0-9-]{0,12})\}([./A-Za-z0-9+=$]{13,512})"
        ),
    ),
    _Shape(("grub.pbkdf2",), re.compile(r"(grub\.pbkdf2\.sha512\.[\dA-F.]{64,400})")),
    _Shape(("Scram",), re.compile(r"(?i:scram-sha-256)\$([\w$:+/=]{20,400})")),
    # RSA keys of .NET and private JSON Web Keys
    _Shape(
        ("RSAKeyValue", "RSAParameters"),
        re.compile(r"<(?:P|Q|DP|DQ|InverseQ|D)>\s{0,8}([A-Za-z0-9+/=]{16,4096})"),
    ),
    _Shape(
        ('"kty"', "'kty'"),
        re.compile(r"[\"'](?:d|p|q|dp|dq|qi|k)[\"']\s{0,8}:\s{0,8}[\"']([\w-]{16,4096})[\"']"),
    ),
)

_HALF = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_NEAR = 240


def _halves(text: str) -> Iterator[Place]:
    """The secret halves of AWS keys: they have no prefix but are close to the key's id."""
    if "AKIA" in text or "ASIA" in text:
        for found in _HALF.finditer(text):
            low = max(found.start() - _NEAR, 0)
            if max(text.find(mark, low, found.end() + _NEAR) for mark in ("AKIA", "ASIA")) >= 0:
                yield found.span()
