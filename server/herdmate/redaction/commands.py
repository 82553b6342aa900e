"""Passwords and tokens on command lines, in scripts and in the lists that start a process."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from herdmate.redaction.places import Place
from herdmate.redaction.values import is_password, is_placeholder, is_secret_value

_LONGEST_LINE = 400
"""Characters after a command's name that are read."""

_QUOTE = r"(?:\\?[\"'])?"
"""What a word can be quoted with; inside a string the quote is escaped."""

_GAP = rf"{_QUOTE}[\s,=]\s{{0,20}}(?:\\\r?\n[ \t]{{0,40}})?{_QUOTE}"
"""What separates words, on a command line or in a list of strings."""

_WORD = r"([^\s\"'`<>{}|;,()]{4,256})(?<!\\)"
_COMMANDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "attached": (("mysql", "maria", "mycli", "7z", "rar "),
        r"(?:mysql|mariadb)[a-z-]{0,12}|mycli|7z[ar]{0,2}|(?:un)?rar"),
    "login": (("login",),
        rf"(?:docker|podman|nerdctl|helm{_GAP}registry|skopeo|buildah|crane{_GAP}auth|oras|az|oc|cf|"
        rf"ibmcloud){_GAP}login"),
    "spaced": (
        ("mongo", "cqlsh", "user", "influx", "exec", "winrm", "ncftp", "mosq", "clickh"),
        r"mongo(?:sh|dump|restore|export|import|stat)?|cqlsh|user(?:add|mod)|influx|nxc|"
        r"netexec|crackmapexec|evil-winrm|ncftp\w{0,4}|mosquitto_(?:pub|sub)|clickhouse-client"),
    "small_p": (("sshpass",), "sshpass"),
    "small_a": (("redis-cli",), "redis-cli"),
    "small_w": (("ldap", "security "), "ldap[a-z]{3,10}|security"),
    "large_p": (("sqlcmd", "bcp ", "sql ", "zip ", "mosq"),
        "sqlcmd|bcp|osql|isql|tsql|unzip|zip|mosquitto_(?:pub|sub)"),
    "pw": (("plink", "pscp", "psftp", "putty", "kitty"), "plink|pscp|psftp|putty|kitty"),
    "user": (("curl", "wget", "http ", "https ", "xh ", "lftp", "smb", "rpcclient", "nxc"),
        "curl|wget|https?|xh|lftp|smbclient|rpcclient|smbget|nxc"),
    "bundled": (("htpasswd",), "htpasswd"),
    "last": (("login", "rabbitmqctl", "wpa_passphrase"),
        rf"(?:wandb|vault|cargo|npm|hf|huggingface-cli|gh{_GAP}auth|glab{_GAP}auth){_GAP}login|"
        rf"rabbitmqctl{_GAP}(?:add_user|change_password)|wpa_passphrase"),
    "net": (("net use",), "net use?r?"),
    "nmcli": (("nmcli",), "nmcli"),
    "config": (("config",), rf"(?:npm|git|yarn|pnpm|composer){_GAP}config"),
    "echo": (("echo ", "printf "), "echo|printf"),
}  # fmt: skip
"""Commands by what their secrets look like: marks, one of which the text must have, and names."""

_PATTERNS = {
    family: (marks, re.compile(rf"(?:{names})(?=[\"'\s,])"))
    for family, (marks, names) in _COMMANDS.items()
}
_OPTIONS: Mapping[str, re.Pattern[str]] = {
    "attached": re.compile(rf"[\s\"',](?:-p|-hp)=?{_QUOTE}{_WORD}"),
    "login": re.compile(rf"[\s\"',](?:-p|--password){_GAP}{_WORD}"),
    "spaced": re.compile(rf"[\s\"',](?:-p(?:{_GAP}|{_QUOTE})|-P{_GAP}|--?password{_GAP}){_WORD}"),
    "small_p": re.compile(rf"[\s\"',]-p(?:{_GAP}|{_QUOTE}){_WORD}"),
    "small_a": re.compile(rf"[\s\"',](?:-a|--pass){_GAP}{_WORD}"),
    "small_w": re.compile(rf"[\s\"',]-w(?:{_GAP}|{_QUOTE}){_WORD}"),
    "large_p": re.compile(rf"[\s\"',]-P(?:{_GAP}|{_QUOTE}){_WORD}"),
    "pw": re.compile(rf"[\s\"',]-pw{_GAP}{_WORD}"),
    "user": re.compile(
        rf"[\s\"',](?:-[a-zA-Z]{{0,6}}[uUa]|--user|--proxy-user|--auth)(?:{_GAP}|{_QUOTE})"
        r"[^\s:%,\"'/]{1,64}[:%,](?!//)([^\s\"'$<>{}]{3,256})(?<!\\)"
    ),
    "bundled": re.compile(
        rf"{_GAP}(?=[^\r\n]{{0,40}}-[a-zA-Z]{{0,8}}b)(?:-\S{{1,12}}{_GAP}(?:\d{{1,2}}{_GAP})?){{1,4}}"
        rf"(?:[^\s\"',]{{1,128}}{_GAP}){{1,2}}{_WORD}"
    ),
    "last": re.compile(
        rf"(?:{_GAP}|<<<)(?:[^\r\n|;&]{{0,200}}?[\s\"',])??{_WORD}{_QUOTE}"
        r"(?:\][,)\s]|\]?\)?[ \t]*(?:$|[|;&\r\n]))"
    ),
    "net": re.compile(
        rf"{_GAP}(?:[^\s\"',=]{{1,128}}{_GAP}){{0,2}}(?:/user:\S{{1,80}}{_GAP})?(?!/){_WORD}"
        r"(?=[\"']?(?:[ \t]+/|[ \t]*(?:$|[\r\n])))"
    ),
    "nmcli": re.compile(rf"[\s\"',](?:password|wifi-sec\.psk){_GAP}{_WORD}"),
    "config": re.compile(
        rf"[\s\"',][\w./:@-]{{0,120}}(?i:token|password|_auth|secret){_GAP}"
        rf"(?:\S{{1,80}}[ ])?{_WORD}"
    ),
    "echo": re.compile(
        rf"{_GAP}(?:-[ne]{{1,2}}{_GAP})?(?:[^\s\"':|]{{1,64}}:)?{_WORD}"
        rf"{_QUOTE}[ \t]{{0,4}}\|[ \t]{{0,4}}"
        r"(?:[^|\r\n]{0,80}(?:password-stdin|passwd)|(?:sudo[ ])?chpasswd|sudo[ ]-\w{0,4}S|"
        r"[^|\r\n]{0,80}login[ ][^|\r\n]{0,40}--with-token)"
    ),
}
_WITHIN = re.compile(r"[\w.$-]")
_LINE_END = re.compile(r"(?<!\\)\r?\n")
_STRINGS = {
    quote: re.compile(rf"(?:[^{quote}\\]|\\.|{quote}{quote})*{quote}", re.DOTALL)
    for quote in "\"'`"
}
"""The rest of a string by its quote, which a backslash or doubling escapes."""


_LONG_OPTION = re.compile(
    r"[-/](?<![\w-][-/])-?(?:[a-z]{1,20}-){0,2}"
    r"(?:(?P<people>(?:store|key|new|old|src|dest|srcstore|deststore|bind|admin|user|db)?"
    r"(?:password|passwd|passphrase|pass|pwd|passin|passout)|p(?=:))"
    r"|token|secret|key|apikey|api-key)"
    rf"(?:{_GAP}|:)(?:pass:)?([^\s\"'`$<>{{}}|;,()]{{4,512}})(?<!\\)"
)
_STATEMENT = re.compile(
    r"(?:ENV|setenv|SetEnv|fastcgi_param|uwsgi_param|setx|set[ ]-[a-zA-Z]{1,4})[ \t]{1,8}"
    r"[\w.]{0,40}(?i:(?P<people>pass\w{0,12}|pwd)|token|secret\w{0,12}|key)[\w.]{0,20}[ \t]{1,8}"
    r"[\"']?([^\s\"'`$<>{}|;,()=]{4,512})"
)
_LINE = re.compile(
    r"^[ \t]{0,16}(?:requirepass|masterauth|bindpw|rootpw|rootbindpw|AuthLDAPBindPassword|"
    r"snmp-server[ ]community|(?:enable|username[ ]\S{1,40})[ ](?:secret|password)(?:[ ]\d)?)"
    r"[ \t]{1,16}[\"']?([^\s\"'`$<>{}]{4,256})",
    re.MULTILINE,
)


def typed_in(text: str) -> Iterator[Place]:
    """The places of secrets among the words of commands and of statements like them."""
    for family, (marks, command) in _PATTERNS.items():
        if any(mark in text for mark in marks):
            for found in command.finditer(text):
                if _WITHIN.match(text, found.start() - 1) is None or found.start() == 0:
                    yield from _in_options(text, family, found)
    for found in (*_LONG_OPTION.finditer(text), *_STATEMENT.finditer(text)):
        of_people = found["people"] is not None
        if is_secret_value(found[2]) or (of_people and is_password(found[2])):
            yield found.span(2)
    yield from (found.span(1) for found in _LINE.finditer(text) if not is_placeholder(found[1]))


def _in_options(text: str, family: str, command: re.Match[str]) -> Iterator[Place]:
    at = command.end()
    end = _LINE_END.search(text, at, at + _LONGEST_LINE)
    line = at, end.start() if end is not None else min(at + _LONGEST_LINE, len(text))
    found = None
    if family in _AT_THE_END and (closed := _end_of_string(text, command.start(), *line)):
        found = _option(text, family, at, closed)
    # The command can go on in another string.
    if (found := found or _option(text, family, *line)) is not None:
        yield found


def _option(text: str, family: str, at: int, end: int) -> Place | None:
    """The place of the secret among a command's words, if they hold one."""
    find = _OPTIONS[family].match if family in _POSITIONAL else _OPTIONS[family].search
    if (found := find(text, at, end)) is not None and not is_placeholder(found[1]):
        is_random = is_secret_value(found[1])
        is_certain = family in _CERTAIN or is_password(found[1])
        if is_random or (is_certain and not found[1].startswith("-")):
            return found.span(1)
    return None


def _end_of_string(text: str, command: int, at: int, end: int) -> int | None:
    """Where a string that starts with a command ends; ``None`` if it is just the command's name."""
    string = _STRINGS.get(text[command - 1 : command])
    if string is None or text.startswith(text[command - 1], at):
        return None
    closed = string.match(text, at, end)
    return closed.end() - 1 if closed is not None else None


_POSITIONAL = frozenset({"bundled", "last", "net", "echo"})
"""Families in which the secret is one of the words rather than an option's value."""

_AT_THE_END = frozenset({"last", "net"})
"""Families in which the secret is recognised by the end of the command after it."""

_CERTAIN = frozenset({"attached", "login", "bundled", "small_p", "small_a", "pw", "echo"})
"""Families in which the word can be nothing but a password, whatever it looks like."""
