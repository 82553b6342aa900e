"""What one-line keys and tokens look like, by the services that issue them.

Every pattern is linear: it starts at a literal that is searched for first, or at the start of a run
of characters, and each repetition ends at the first other character.
"""

# ruff: noqa: SIM905 - long lists of words, to be read and added to

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

Place = tuple[int, int]
"""Start and end offsets in a text."""


def hidden_in(text: str) -> Iterator[Place]:
    """The places of one-line secrets in a text of whole lines, unordered; some can overlap."""
    for found in _ISSUED.finditer(text):
        if not found[0].startswith(_IN_WORDS) or _is_mixed(found[0]):
            yield found.span()
    for shape in _SHAPES:
        if any(mark in text for mark in shape.marks):
            for found in shape.pattern.finditer(text):
                if not shape.is_doubtful or _is_secret_value(found[1]):
                    yield found.span(1)
    yield from _halves(text)
    yield from _assigned(text)


def _one_of(shapes: str) -> str:
    """One pattern out of several, grouped by first character so that most places fail fast."""
    by_first = groupby(sorted(shapes.split()), lambda shape: shape[0])
    return "|".join(
        f"{first}(?:{'|'.join(shape[1:] for shape in alike)})"
        if first.isalnum()
        else "|".join(alike)
        for first, alike in by_first
    )


_ISSUED = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + _one_of(
        # Code and packages
        r"gh[pousr]_\w{16,} github_pat_\w{20,} "
        r"gl(?:pat|dt|rt|ft|cbt|ptt|oas|soat|imt|agent|ffct|wt)-[\w.-]{16,} "
        r"GR1348941[\w-]{20,} AT(?:ATT|CTT|BB)[\w=-]{16,} npm_[A-Za-z0-9]{30,} "
        r"pypi-[\w-]{32,} rubygems_[a-f0-9]{32,} cio[A-Za-z0-9]{32}\b oy2[a-z0-9]{43} "
        r"dckr_(?:pat|oat)_[\w-]{16,} AKCp[A-Za-z0-9]{40,} CLOJARS_[a-z0-9]{40,} "
        r"bk(?:ua|at)_[a-f0-9]{32,} CCIP(?:AT|RJ)_\w{16,} sgp_[a-f0-9_]{32,} "
        r"sntry[su]_[\w+/=.-]{20,} "
        r"glsa_\w{20,} glc_[A-Za-z0-9+/=]{20,} NR(?:AK|JS|II|RA|AL)-[A-Za-z0-9-]{16,} "
        r"PMAK-[a-f0-9-]{40,} ntn_[A-Za-z0-9]{30,} figd_[\w-]{20,} lin_(?:api|oauth)_\w{16,} "
        r"tskey-[a-z]+-[\w-]{16,} sq0[a-z]{3}-[\w-]{20,} HRKU-[\w-]{30,} API-[A-Z0-9]{25,} "
        r"rnd_[A-Za-z0-9]{28,} nfp_\w{30,} pat[A-Za-z0-9]{14}\.[a-f0-9]{40,} "
        # Clouds
        r"A(?:3T[A-Z0-9]|KIA|SIA|BIA|CCA|ROA|IDA|GPA|IPA|NPA|NVA)[A-Z0-9]{12,} "
        r"ABSK[A-Za-z0-9+/=]{60,} AIza[\w-]{30,} ya29\.[\w.-]{16,} GOCSPX-[\w-]{20,} "
        r"1//0[\w-]{30,} "
        r"do[opr]_v1_[a-f0-9]{32,} dapi[a-f0-9]{32}(?:-\d)? LTAI[A-Za-z0-9]{16,} "
        r"AKID[A-Za-z0-9]{28,} "
        r"hv[sbr]\.[\w-]{20,} dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{16,} fo1_[\w-]{20,} "
        r"fm[12][a-z]?_[A-Za-z0-9+/=]{20,} sbp_[a-f0-9]{32,} sb_secret_[\w-]{16,} "
        r"pul-[a-f0-9]{32,} "
        r"pscale_[a-z]+_[\w.=-]{20,} mdb_sa_sk_[\w-]{16,} napi_[a-z0-9]{40,} AQVN[\w-]{35,} "
        r"v1\.0-[a-f0-9]{20,}-[a-f0-9]{60,} "
        r"dt0[a-z]\d\d\.[A-Z0-9]{20,}\.[A-Z0-9]{40,} ops_eyJ[\w=-]{40,} "
        # Models
        r"hf_[A-Za-z0-9]{26,} api_org_[A-Za-z0-9]{26,} sk-[\w-]{20,} gsk_[A-Za-z0-9]{40,} "
        r"pplx-[A-Za-z0-9]{32,} xai-[A-Za-z0-9]{40,} r8_[A-Za-z0-9]{30,} pcsk_\w{30,} "
        r"lsv2_(?:pt|sk)_\w{30,} nvapi-[\w-]{40,} "
        # Messages and money
        r"xox[a-z]-[\w-]{10,} xoxe\.xox[bp]-[\w-]{10,} xapp-[\w-]{16,} "
        r"sk_(?:live|test|prod)_\w{10,} rk_(?:live|test|prod)_\w{10,} whsec_[A-Za-z0-9+/=]{20,} "
        r"SG\.[\w-]{16,}\.[\w-]{16,} SK[a-f0-9]{32} AC[a-f0-9]{32} key-[a-zA-Z0-9]{32} "
        r"xkeysib-[a-f0-9]{32,}-\w{10,} shp(?:at|ca|pa|ss|tka|ua)_[a-fA-F0-9]{16,} "
        r"EAA[A-Za-z0-9]{60,} EAAA[\w-]{50,} "
        r"access-(?:sandbox|development|production)-[0-9a-f-]{36} "
        r"FLWSECK(?:_TEST)?-\w{20,} shippo_(?:live|test)_[a-f0-9]{32,} EZ[AT]K[A-Za-z0-9]{40,} "
        r"duffel_(?:live|test)_[\w-]{30,} tfp_[\w.-]{40,} AAAAAAAAAAAAAAAAAAAAAA[\w%]{30,} "
        r"[MNO][\w-]{22,27}\.[\w-]{6,7}\.[\w-]{27,45} "
        # Keys
        r"AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Za-z]{16,} "
        r"e(?<![_-]e)yJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+){0,3} "
        r"eyJrIjoi[A-Za-z0-9+/=]{30,} LS0tLS1CRUdJTi[A-Za-z0-9+/=]{30,}"
    )
    + ")"
)
_IN_WORDS = ("sk-", "pypi-", "lin_", "sntry", "glsa_", "pcsk_", "figd_", "gh", "nvapi", "key-")
"""Prefixes that ordinary words can share; after these the rest has to look like a token."""


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
    _Shape(
        tuple(f"-us{digit}" for digit in range(1, 10)), re.compile(r"\b([a-f0-9]{32}-us\d{1,2})\b")
    ),
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
    # --token …, curl -u user:password
    _Shape(
        ("--",),
        re.compile(
            r"--(?:[a-z]{1,20}-){0,2}(?:token|password|passwd|secret|key|pass|apikey)[= ]"
            r"[\"']?([^\s\"'`$<>{}|;&,()]{6,512})"
        ),
        is_doubtful=True,
    ),
    _Shape(
        ("curl", "wget", "http "),
        re.compile(r"\s(?:-u|--user)[= ]?[\"']?[^\s:\"']{1,64}:([^\s\"'$]{3,128})"),
        is_doubtful=True,
    ),
    _Shape(("sshpass",), re.compile(r"sshpass\s{1,4}-p\s{0,4}([^\s$]{3,128})")),
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


# --- values of telling names

_LONGEST_READ = 256
"""Characters of a value that are examined."""

_NAME = re.compile(r"pass(?:word|wd|phrase|code)|pwd|secret|token|credential|key")
_KEYS = tuple(
    "access account admin api app application auth client consumer crypt deploy encrypt encryption "
    "fernet hmac host jwt license master private service session shared signing ssh storage "
    "subscription".split()
)
"""Words that make a following ``key`` a secret one."""

_OPERATOR = re.compile(
    r"(?:s|[_.-]?(?:(?i:key|access|secret|token|base|prod|production|dev|development|test|live|"
    r"staging|value|string|text|hash|default|v?\d{1,3})|[A-Z]{1,20})){0,3}"
    r"[\"'`\]]{0,2}[ \t]{0,8}"
    r"(?::[ \t]{0,2}[\w.]{1,30}(?:\[\w{1,30}\])?[ \t]{0,2}(?:\|[ \t]?None[ \t]{0,2})?(?==)|)"
    r"(?:=>|:=|\?=|==?=?|!=|:|(?<=[\"'`\]]),|>|[ \t](?=[\"'])|"
    r",?\s{1,40}[\"']?[vV]alue[\"']?[ \t]{0,2}[:=])[ \t]{0,8}(?:\([ \t]{0,2})?"
)
"""What can come between such a name and its value."""

_QUOTED = re.compile(r"[a-zA-Z]{0,2}([\"'`])([^\"'`\r\n]{4,})\1")
_RUN, _AFTER = re.compile(r"[^\s\"'`()\[\]{}<>;,]*"), re.compile(r"[ \t]{0,8}(?:[\r\n<;#,\"'`]|\Z)")
_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_PLACEHOLDER = re.compile(
    r"(?i)\$|%[({sd]|\{|\}|<|>|\.\.\.|…|\*\*\*|xxxx|^(?:your|my|the|some|example|change|replace|"
    r"insert|enter|todo|none|null|true|false|undefined|dummy|fake|sample|placeholder|redacted)\b|"
    r"your[_-]|change[_-]?me|^[\w.]*(?:example|placeholder)$"
)
_WELL_KNOWN = frozenset(
    "pass passwd password pwd secret token user username pw hunter2 example p4ssw0rd pass123 test "
    "test123 password123 password1 secret123 abc123 123456 12345678".split()
)


def _assigned(text: str) -> Iterator[Place]:
    lower = text.lower()
    if len(lower) != len(text):
        lower = text.translate(_LOWER)
    run = 0, 0
    for name in _NAME.finditer(lower):
        if name[0] == "key" and not _is_secret_key(lower, name.start()):
            continue
        if (behind := _OPERATOR.match(text, name.end())) is None:
            continue
        looks_secret = _is_password if name[0].startswith("p") else _is_secret_value
        at = behind.end()
        if (quoted := _QUOTED.match(text, at)) is not None:
            if looks_secret(quoted[2]):
                yield quoted.span(2)
            continue
        if not run[0] <= at < run[1]:  # each run is read once, however many names it contains
            run = at, _RUN.match(text, at).end()  # type: ignore[union-attr]
        value = text[at : min(run[1], at + _LONGEST_READ)]
        # In a shell a command can follow; after a long value in prose, anything can.
        may_go_on = text[at - 1] == "=" or (len(value) >= 20 and text[run[1] : run[1] + 1] == " ")
        if len(value) < 6 or not (may_go_on or _AFTER.match(text, run[1])):
            continue
        is_element = text[at - 1] == ">"
        if looks_secret(value) if is_element else _is_bare_secret(value, text, name):
            yield at, run[1]


def _is_secret_key(lower: str, at: int) -> bool:
    before = lower[max(at - 16, 0) : at]
    return (before[:-1] if before[-1:] in ("_", "-", ".", " ") else before).endswith(_KEYS)


def _is_password(value: str) -> bool:
    """Does it look like a password that a person chose, rather than a name or a sentence?"""
    if len(value) < 6 or " " in value or _is_placeholder(value):
        return False
    kinds = _kinds(value)
    return kinds >= 3 or (kinds == 2 and _DIGIT.search(value) is not None and not _is_name(value))


def _is_secret_value(value: str) -> bool:
    """Does it look random?"""
    if len(value) < 8 or " " in value or _is_placeholder(value):
        return False
    if _is_name(value) or ("/" in value and "." in value and value.count("/") > 2):
        return False
    if _HEX.fullmatch(value):
        return len(value) >= 20 and _DIGIT.search(value) is not None
    return _is_mixed(value) and _entropy(value) >= (3.0 if len(value) >= 16 else 2.75)


def _is_bare_secret(value: str, text: str, name: re.Match[str]) -> bool:
    """Is it a secret without quotes? It must not look like any expression in code."""
    of_people = name[0].startswith("p")
    if text[name.start()].isupper() and _is_variable(text, name) and not _is_placeholder(value):
        return of_people or len(set(value)) > 7
    if len(_DIGIT.findall(value)) < 3 or value.count(".") > 1 or not _is_secret_value(value):
        return False
    return _entropy(value) >= 3.3 or (of_people and _kinds(value) >= 3)


def _is_variable(text: str, name: re.Match[str]) -> bool:
    """Is an environment variable being set, as in a shell?"""
    low = max(name.start() - _LONGEST_READ, 0)
    low = max(low, text.rfind("\n", low, name.start()) + 1)
    before, between = text[low : name.start()], text[name.start() : name.end() + 60]
    return _EXPORTED.match(between) is not None and _ENVIRONMENT.search(before) is not None


_ENVIRONMENT = re.compile(
    r"(?:^[ \t]*(?:-[ \t]+)?[\"']?|\b(?:export|set|setx|ENV|ARG)[ \t]+[\"']?)[A-Z0-9_]*\Z"
)
_EXPORTED = re.compile(r"[A-Z][A-Z0-9_]*(?:=|:[ \t]+)\S")
_DIGIT, _HEX = re.compile(r"[0-9]"), re.compile(r"[0-9a-fA-F-]+")
_DOTTED = re.compile(r"[A-Za-z]*\d{0,2}(?:[-_.:/][A-Za-z]*\d{0,2})*")


def _is_placeholder(value: str) -> bool:
    """Is it a placeholder, as in documentation and templates?"""
    if value.lower() in _WELL_KNOWN or len(set(value)) < 4:
        return True
    return _PLACEHOLDER.search(value[:200]) is not None


def _is_name(value: str) -> bool:
    """Is it made of words, like names, paths and configuration keys?"""
    return _DOTTED.fullmatch(value[:200]) is not None and not _is_random_word(value)


def _is_random_word(value: str) -> bool:
    """Does its case change more often than in any camel-case name?"""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", value[:200])
    return len(words) >= 6 and sum(map(len, words)) / len(words) < 3


def _is_mixed(value: str) -> bool:
    """Does it mix digits with letters, or upper and lower case at random, as no word does?"""
    has_letter = any(map(str.isalpha, value[:200]))
    return (has_letter and _DIGIT.search(value) is not None) or _is_random_word(value)


def _kinds(value: str) -> int:
    """How many kinds of characters it has: lower case, upper case, digits, others."""
    kinds = ("[a-z]", "[A-Z]", "[0-9]", r"[^A-Za-z0-9\s_.-]")
    return sum(re.search(kind, value) is not None for kind in kinds)


def _entropy(value: str) -> float:
    """Bits per character."""
    value = value[:200]
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares)
