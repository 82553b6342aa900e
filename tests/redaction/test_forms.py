"""Forms in which secrets are written, and the kinds of values that are hidden in each."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping

import pytest

from herdmate.redaction.redact import redacted

_LETTERS, _HEX = string.ascii_letters + string.digits, "0123456789abcdef"


def _drawn(letters: str, *lengths: int) -> Callable[[random.Random], str]:
    """Pieces of these lengths, joined by hyphens."""

    def draw(chance: random.Random) -> str:
        return "-".join("".join(chance.choices(letters, k=length)) for length in lengths)

    return draw


def _word_and_number(chance: random.Random) -> str:
    word = chance.choice(("Sommer", "Winter", "Hallo", "blue", "Tiger"))
    return f"{word}{chance.randrange(10, 9999)}{chance.choice('!?#%&-_')}"


_KINDS: Mapping[str, Callable[[random.Random], str]] = {
    "a": lambda chance: _drawn(_LETTERS, 22)(chance) + "7a",
    "h": _drawn(_HEX, 32),
    "w": _word_and_number,
    "u": lambda chance: _drawn(_LETTERS + "_", 22)(chance) + "7a",
    "b": lambda chance: _drawn(_LETTERS + "+/", 43)(chance) + "=",
    "-": _drawn(_LETTERS, 6, 6, 6),
    ".": lambda chance: _drawn(_LETTERS, 8, 8, 8)(chance).replace("-", "."),
    "s": lambda chance: "sha256-" + _drawn(_LETTERS, 20)(chance),
    "l": _drawn(string.ascii_letters, 24),
    "n": _drawn(string.ascii_lowercase + string.digits, 20),
    "g": _drawn(_HEX, 8, 4, 4, 4, 12),
    "U": _drawn(string.ascii_uppercase + string.digits, 24),
    "!": _drawn(_LETTERS + "!#%*+-_.", 14),
    "H": _drawn(_HEX.upper(), 32),
}
"""Values by letters: random ones, and passwords that people choose."""

_HIDDEN: Mapping[str, tuple[str, ...]] = {
    "g": (
        "\tpassword = {}",
        "  secret = {}",
        "  token: {}",
        "# password: {}",
        "# token={}",
        "- name: PASSWORD\n  value: {}",
        "// token: {}",
        "//registry.npmjs.org/:_authToken={}",
        "PRIVATE-TOKEN: {}",
        "X-Api-Key: {}",
        "_authToken={}",
        "access_token={}",
        "apiKey={}",
        "app.secret={}",
        "auth_token={}",
        "aws_secret_access_key = {}",
        "aws_session_token={}",
        "client_secret: {}",
        "credentials: {}",
        "csrf_secret={}",
        "encryption_key: {}",
        "env.SECRET={}",
        "login: me password: {}",
        "password = {}",
        "password: {} # prod",
        "refresh_token: {}",
        "secret: {}",
        "secretKey={}",
        "secret_key={} # prod",
        "webhook_secret: {}",
    ),
    ".HUbghnu": (
        "\"X-Auth-Token\": \"{}\"",
        "\"apiKey\": \"{}\",",
        "'secret' => '{}',",
        "- name: TOKEN\n  value: \"{}\"",
        "--api-key={}",
        "--token {}",
        "<add key=\"ApiKey\" value=\"{}\"/>",
        "<secret>{}</secret>",
        "Authorization: Bearer {}",
        "apiToken := \"{}\"",
        "api_key: \"{}\"",
        "app --secret {}",
        "assert token == \"{}\"",
        "const secret = `{}`;",
        "hmac_key: \"{}\"",
        "jdbc:x?user=a&password={}",
        "let token = \"{}\";",
        "os.environ[\"API_TOKEN\"] = \"{}\"",
        "private final String SECRET = \"{}\";",
        "private_key = \"{}\"",
        "signing_key = \"{}\"",
        "token = '{}'",
    ),
    ".HUbghnsuw": (
        "  password: \"{}\"",
        "\"passphrase\": \"{}\",",
        "\"password\": \"{}\"",
        "$password = \"{}\";",
        ":password \"{}\"",
        "<password>{}</password>",
        "<property name=\"password\" value=\"{}\"/>",
        "PASSWORD=\"{}\" cmd",
        "define(\"DB_PASSWORD\", \"{}\");",
        "export DB_PASSWORD=\"{}\"",
        "if (password == \"{}\")",
        "passphrase = \"{}\"",
        "password = \"{}\"",
        "password => \"{}\"",
        "password: str = \"{}\"",
        "password='{}'",
        "run([\"--password\", \"{}\"])",
        "x = connect(\"db\", password=\"{}\")",
    ),
    "HUbghnsu": (
        "  - password: {}",
        "-Dpassword={}",
        "Password: {}",
        "[db]\npassword={}\n",
        "db.password={}",
        "mysql_root_password: {}",
        "passphrase: {}",
        "passphrase={}",
        "passwd: {}",
        "passwd={}",
        "password: {}",
        "password={}",
        "pwd: {}",
        "spring.datasource.password={}",
        "ssl.keystore.password={}",
        "storePassword={}",
    ),
    "!-.HUabghlnsuw": (
        "DB_PASSWORD: {}",
        "PASSWORD={}",
        "PGPASSWORD={} psql",
        "sshpass -p {} ssh",
    ),
    "!-.HUabghlnsu": (
        "ENV TOKEN={}",
        "SECRET_KEY_BASE: {}",
        "Server=a;User Id=b;Password={};",
        "export SECRET_KEY={}",
    ),
    ".HUbghnsu": (
        "--password {}",
        "?token={}&a=1",
        "curl -u me:{} https://h",
        "deploy --password={}",
    ),
    ".HUghnu": (
        "amqp://u:{}@h",
        "https://user:{}@host/p",
        "mongodb+srv://u:{}@c",
        "postgres://u:{}@db/x",
    ),
    "-HUabghlnsu": (
        "AccountKey={}",
    ),
    "!-HUabghnsuw": (
        "java -Ddb.password={} -jar a",
    ),
}  # fmt: skip
"""Forms by the kinds of values hidden in them, as in the version before names in other languages,
blocks and calls were read as well. What was hidden then stays hidden.
"""


@pytest.mark.parametrize("kinds", _HIDDEN)
def test_what_was_hidden_in_a_form_stays_hidden(kinds: str) -> None:
    for form in _HIDDEN[kinds]:
        for kind in kinds:
            value = _KINDS[kind](random.Random(form + kind))
            text = form.replace("{}", value) + "\n"
            at = text.index(value)
            assert set(redacted(text)[at : at + len(value)]) == {"*"}, text


@pytest.mark.parametrize(
    "line",
    [
        "password: #", "db.password=#", "passphrase: #", "mysql_root_password: #",
        "-Dpassword=#", "passwd=#", "    - password: #", "spring.datasource.password=#",
        "deploy --password #", "deploy --password=#", 'password = "#"', "sshpass -p # ssh a@b",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "value",
    [
        "5f4dcc3b5aa765d61d8327deb882cf99", "x9k2m4p7q1w8e5r3t6y0", "WqLqpGLmOGdPKaLzmuZFgDJr",
        "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d", "Tr0ub4dor&3",
    ],
)  # fmt: skip
def test_a_password_is_hidden_whether_drawn_or_chosen(line: str, value: str) -> None:
    assert redacted(f"{line}\n".replace("#", value)) == f"{line}\n".replace("#", "*" * len(value))


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (r'cmd = "curl -H \"A: b\" -u bob:hunter2xQ9 https://x"', "hunter2xQ9"),
        (r'cmd = "curl \"https://x\" -u bob:hunter2xQ9"', "hunter2xQ9"),
        ("run: 'curl -H ''A: b'' -u bob:hunter2xQ9 https://x'", "hunter2xQ9"),
        ('cmd = "mysql -u " + user + " -pS3cr3tPw9 db"', "S3cr3tPw9"),
        ('"mysql -u root " + "-pS3cr3tPw9"', "S3cr3tPw9"),
        ('"curl " "-u bob:hunter2xQ9 https://x"', "hunter2xQ9"),
        ('cmd = "curl -s " + \\\n   "-u bob:hunter2xQ9"', "hunter2xQ9"),
        ("cmd = \"curl -sS \" '-u bob:hunter2xQ9'", "hunter2xQ9"),
        ('"curl -s", "-u", "bob:hunter2xQ9"', "hunter2xQ9"),
        (r'"ldapsearch -D \"cn=admin\" -w adminpass9X -b x"', "adminpass9X"),
        (r'Exec("sqlcmd -S \"srv\" -U sa -P Passw0rd9X")', "Passw0rd9X"),
        (r"sh 'sqlcmd -S \'srv\' -U sa -P Passw0rd9X'", "Passw0rd9X"),
        ('"rabbitmqctl add_user bob " + "hunter2xQ9"', "hunter2xQ9"),
        ('"rabbitmqctl add_user alice " + "hunter2xQ9"', "hunter2xQ9"),
        (r'run("rabbitmqctl add_user \"alice\" hunter2xQ9", shell=True)', "hunter2xQ9"),
        ("- run: 'rabbitmqctl add_user ''alice'' hunter2xQ9' # once", "hunter2xQ9"),
        ('run("net use x hunter2xQ9", shell=True)', "hunter2xQ9"),
        ('run("wandb login 0123456789abcdef0123456789abcdef01234567", shell=True)',
            "0123456789abcdef0123456789abcdef01234567"),
        ('run(["wandb", "login", "0123456789abcdef0123456789abcdef01234567"], check=True)',
            "0123456789abcdef0123456789abcdef01234567"),
        ("Type `wandb login 0123456789abcdef0123456789abcdef01234567` once.",
            "0123456789abcdef0123456789abcdef01234567"),
    ],
)  # fmt: skip
def test_a_password_is_hidden_wherever_the_strings_of_its_command_end(
    line: str, secret: str
) -> None:
    """A quote within a command, or between two of its strings, ended the search for options."""
    assert redacted(f"{line}\n") == f"{line}\n".replace(secret, "*" * len(secret))


@pytest.mark.parametrize(
    "line",
    [
        r'run("sshpass -p \"#\" ssh me@host")', r'run("mysql -u root -p\"#\" db")',
        r'{"cmd": "redis-cli -a \"#\" ping"}', r'run("unzip -P \"#\" a.zip")',
        r'run("docker login -u \"me\" --password \"#\" reg.io")', r"sh 'deploy --password \'#\''",
        r'run("curl -u \"bob:#\" https://x")', r'run("echo \"#\" | docker login --password-stdin")',
        r'run("htpasswd -nbB bob \"#\"")', r'run("plink -ssh -pw \"#\" me@host")',
    ],
)  # fmt: skip
def test_a_password_in_escaped_quotes_is_hidden(line: str) -> None:
    text = f"{line}\n"
    assert redacted(text.replace("#", "s3cr3tPw9x")) == text.replace("#", "*" * 10)
