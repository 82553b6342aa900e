"""Keys, tokens and passwords in text that goes into a prompt."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from herdmate.redaction.redact import redacted
from tests.context.test_secret_names import files_of_packages
from tests.context.tokens import OWN_LINE, tokens


def test_a_private_key_in_any_file_becomes_stars_of_the_same_length() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----"
    text = f'KEY = """{key}"""\nx = 1\n'
    hidden = redacted(text)
    assert len(hidden) == len(text)
    assert "MIIEow" not in hidden
    assert "abc" not in hidden
    assert hidden.count("\n") == text.count("\n")
    assert hidden.endswith('-----END RSA PRIVATE KEY-----"""\nx = 1\n')
    cut = "-----BEGIN PRIVATE KEY-----\nMIIEow"
    assert "MIIEow" not in redacted(cut)
    assert redacted("no key\n") == "no key\n"


@pytest.mark.parametrize(
    "key",
    [
        "\nMIIEow\nabc=\n",
        "\r\nMIIEow\r\nabc=\r\n",
        "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,MIIEow\n\nMIIEow\n",
        "\\nMIIEow\\nabc=\\n\n",
        '\\n" +\n  "MIIEow\\n" +\n  "abc=",\n',
        "\n#  MIIEow\n#  abc=\n",
        "\n    MIIEow\n    abc=\n",
        "')\nlines.push('" + "MIIEow" * 10 + "')\n",
        "MIIEow",
    ],
)
@pytest.mark.parametrize(
    "begin",
    [
        "-----BEGIN PRIVATE KEY-----",
        "---- BEGIN SSH2 PRIVATE KEY ----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    ],
)
def test_a_private_key_without_an_end_becomes_stars_and_what_follows_stays(
    key: str, begin: str
) -> None:
    text = f"x = '{begin}{key}\ndef total(items):\n    return sum(items)\n"
    hidden = redacted(text)
    assert begin in hidden
    assert "MIIEow" not in hidden
    assert "abc=" not in hidden
    assert len(hidden) == len(text)
    assert hidden.count("\n") == text.count("\n")
    if key != "MIIEow":
        assert hidden.endswith("def total(items):\n    return sum(items)\n")


def test_code_that_looks_for_a_private_key_stays() -> None:
    begin, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
    code = f'HEADER = "{begin}"\n\n\ndef is_key(text):\n    return HEADER in text\n'
    assert redacted(code) == code
    whole = f"{begin}\nMIIEow\n{end}\n"
    hidden = redacted(code + whole + code)
    assert hidden.startswith(code)
    assert hidden.endswith(code)
    assert "MIIEow" not in hidden


@pytest.mark.parametrize("name", tokens())
def test_a_token_in_any_text_becomes_stars(name: str) -> None:
    for seed, form in enumerate(
        ("#", "x = '''#'''\n", "// note: #\n", "a\r\n#\r\nb", "日本語 #", "# and more") * 2
    ):
        token, secret = tokens(seed)[name]
        text = form.replace("#", f"\n{token}\n" if name in OWN_LINE else token)
        hidden = redacted(text)
        assert secret not in hidden, text
        assert secret[: len(secret) // 2] not in hidden, text
        assert secret[len(secret) // 2 :] not in hidden, text
        assert len(hidden) == len(text)
        assert [c for c in hidden if c in "\r\n"] == [c for c in text if c in "\r\n"]
        assert redacted(hidden) == hidden


@pytest.mark.parametrize(
    "code",
    [
        'password = getpass("Password: ")\n',
        'token = os.environ["GITHUB_TOKEN"]\n',
        "if token == TokenType.STRING_LITERAL:\n",
        "secret: str | None = None\n",
        'headers = {"Authorization": f"Bearer {token}"}\n',
        'url = f"postgres://{user}:{password}@{host}/{name}"\n',
        "const apiKey = process.env.API_KEY;\n",
        'parser.add_argument("--password", help="the password to use")\n',
        'PASSWORD_RESET_URL = "/accounts/password-reset/"\n',
        'tokenizer = AutoTokenizer.from_pretrained("Qwen/Qwen2.5-Coder-7B")\n',
        "self.token_embedding = nn.Embedding(32000, 4096)\n",
        'class_name = "sk-folding-cube-animation-wrapper"\n',
        "sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\n",
        "id = 'c9bf9e57-1685-4c89-bafb-ff5af830be8a'\n",
        "primary_key=True, foreign_key='users.id2'\n",
        "let accessToken: Uint8Array;\n",
        'KEY = "access_token_expires_in"\n',
        "PASSWORD: ${DB_PASSWORD}\n",
        'DATABASE_URL = "postgres://user:password@localhost/db"\n',
        "/*************** tokens ***************/\n",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT1uV2wX3yZ a@b\n",
        "if password:\n    return1.value\n",
        "class Token:\n    value2: int\n",
        '# tokens:\n(r"[A-Z]+2|b|c", Name.Builtin),\n',
        'bypass = "x1!yz"\n',
        "raise ValueError(\"Cannot pass 'force_download=True' here\")\n",
        'password = get_value("Enter your password: ")\n',
        "password: |\n  The password of the user, as stored.\n",
        'socket.connect("tcp", "127.0.0.1:8080")\n',
        'client.connect("db1.example.org", "sqlite:///x1.db")\n',
        "mysql -u root -p shop\n",
        "docker run -p 8080:80 web\n",
        "The row is identified by 'name' and the login with password succeeds.\n",
        'passphrase = "enter the passphrase for your key"\n',
        "kind: ConfigMap\ndata:\n  key: value1234\n",
        'seed = "0xdeadbeef"\n',
        "echo $PASSWORD | docker login -u me --password-stdin\n",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZI\n-----END PUBLIC KEY-----\n",
    ],
)
def test_ordinary_code_stays(code: str) -> None:
    assert redacted(code) == code


def test_a_window_that_begins_within_a_key_shows_nothing_of_it() -> None:
    body = "\n".join(["MIIEowIBAAKCAQEA" * 4] * 5)
    text = f"{body}\n-----END RSA PRIVATE KEY-----\nx = 1\n"
    assert "MIIEow" not in redacted(text)
    assert redacted(text).endswith("\nx = 1\n")


def test_a_key_of_putty_and_one_of_a_vpn_become_stars() -> None:
    putty = (
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPublic-Lines: 1\nAAAAC3Nz\n"
        "Private-Lines: 2\nAAAAIB0c4fSECRETa\nb0c4fSECRET==\nPrivate-MAC: 00\n"
    )
    assert "SECRET" not in redacted(putty)
    assert "AAAAC3Nz" in redacted(putty)
    mark = "OpenVPN Static key V1-----\n"
    vpn = f"-----BEGIN {mark}6acef03f62675b4b1bbd\n-----END {mark}"
    assert "6acef03f" not in redacted(vpn)


def test_fewer_than_one_file_in_a_thousand_of_installed_code_loses_anything() -> None:
    limit, length = (None, 200_000) if os.environ.get("HERDMATE_LONG") else (1010, 40_000)
    files = [path for path in files_of_packages() if path.suffix in (".py", ".pyi", ".md", ".js")]
    random.Random(0).shuffle(files)
    touched, count = list[Path](), 0
    for path in files[:limit]:
        text = path.read_bytes()[:length].decode("utf-8", "replace")
        count += 1
        if redacted(text) != text:
            touched.append(path)
    assert count > 1000
    assert 1000 * len(touched) < count, touched


BEGIN, END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        ("", "Ab3+/"), ("", BEGIN), ("", BEGIN + "\n"), ("", BEGIN + END), ("", END),
        ("", END + "\n"), (BEGIN + "\n", "Ab3+/"), (BEGIN + "\n", '"'), (BEGIN + "\n", " "),
        (BEGIN, "\n"), (BEGIN + "\n", "\\n"), (BEGIN + "\n", "#>|/-\"'`+.,;)"), ("", "Ab3+\n"),
        ("", "-----BEGIN A B C "), ("", "-"), ("", '"'), ("", "\t \t"), ("", "_"), ("", "eyJ-"),
        ("", "eyJabcdefgh."), ("", "password="), ("", "secret:"), ("", 'token="'), ("", "api_key "),
        ("", "token = 'x"), ("", "://"), ("", "://a:b"), ("", "https://a:"), ("", "AKIA"),
        ("", "AKIAABCDEFGHIJKLMNOP "), ("AKIA ", "a" * 40 + " "), ("", "Maaaaaaaaaaaaaaaaaaaaaaa."),
        ("", "Authorization: "), ("", "Bearer "), ("", "--token "), ("", "curl -u a "),
        ("", "Private-Lines: 1\n"), ("", "secret" + " " * 40), ("", "password=" + "_" * 200),
        ("", "0123456789abcdef"), (" host=", " password="), ('"kty"', '"d" : "'), ("", "123456:AA"),
        ("", "mysql "), ("", "docker login "), ("", "echo "), ("", "htpasswd -b "), ("", "login("),
        ("", "password=<<EOF\n"), ("", "password:|\n "), ("", "password=("), ("", 'password="" + '),
        ("", "password='\\"), ("", "password=“"), ("", "password=「"),
        ("", "password=`"), ("", '"vault login '), ("", '"wpa_passphrase ""'),
        ("kind: Secret\n", "data:\n\n"), ("kind: Secret\n", "data:\n \r"),
        ("kind: Secret\ndata:\n", " "), ("kind: Secret", "---\n"), ("kind: Secret", "'data':{:\""),
        ("kind: Secret", "data:\n "), ("kind: Secret\n", "data:\n a:b\n"),
        ("", "machine a "), ("", "Cookie: a=b; "), ("", "$6$a"), ("", "mnemonic: abc "),
        ("", "z_9"),
        ("RSAKeyValue", "<D>      "), ("8Q~", "a~.-"), ("", "SG.aaaaaaaaaaaaaaaaaaaa"),
    ],
)  # fmt: skip
def test_a_text_made_to_hold_the_server_up_takes_no_longer_than_its_length(
    start: str, piece: str
) -> None:
    """CPU time for four times the length: four times or so, where a quadratic search has 16."""

    def seconds(length: int) -> float:
        text = start + piece * (length // len(piece))
        begun = time.process_time()
        redacted(text)
        return time.process_time() - begun

    short = min(seconds(8_000) for _ in range(2))
    long = min(seconds(32_000) for _ in range(2))
    assert long < max(10 * short, 0.05)
    assert long < 1
