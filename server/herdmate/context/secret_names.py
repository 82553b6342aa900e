"""Which files hold secrets, judging by their names and folders.

What counts is whether a file *holds* secrets or *deals with* them. Data or configuration named
after a secret (``api_key.txt``, ``serviceAccountKey.json``) holds it. Code of that name
(``token.ts``, ``credentials_provider.go``, ``SecretView.swift``) deals with it and is shown, except
for the few kinds of code that are configuration (``secrets.py``, ``wp-config.php``).
"""

# ruff: noqa: SIM905 - long lists of words, to be read and added to

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fnmatch import translate
from pathlib import PurePath

_LONGEST = 4096
"""Characters of a path, an operating system's limit. Of longer paths only the end counts."""

_DATA = frozenset(
    (
        "bin cfg cnf conf config csv dat data db doc docx enc env hcl hocon ini json json5 jsonc "
        "jsonl kdb log ods odt pdf pickle pkl plist prefs properties props reg rtf sqlite sqlite3 "
        "toml tsv txt vars xcconfig xls xlsx xml yaml yml"
    ).split()
)
"""Extensions of data files; a file without an extension counts as one too."""

_CONFIGURING = frozenset(
    "bash cjs dart fish h hpp ino js lua mjs php pl ps1 psd1 py r rb sh ts zsh".split()
)
"""Extensions of code in which configuration is often written."""

_NAMES = (
    # Environments.
    *(".env", ".env[-_. (~]*", "*.env", "*.env.local", "*.env.json", "*.env.y*ml", "env.list"),
    *(".envrc", ".flaskenv", ".dev.vars", ".dev.vars.*", ".vars", ".exports", ".renviron"),
    *("env.local", "env.live", "env.prod", "env.production", "env.dev", "env.development"),
    *("env.stag*", "env.txt", ".rprofile"),
    # Keys, key stores and certificates with keys.
    *("*.pem", "*.key", "*.pfx", "*.p12", "*.p8", "*.pkcs8", "*.pkcs12", "*.jks", "*.jceks"),
    *("*.bks", "*.keystore", "*.kdb", "*.kdbx", "*.ppk", "*.pvk", "*.snk", "*.psafe3", "*.bek"),
    *("*.keychain", "*.keychain-db", "*.keyring", "*.agilekeychain", "*.1pif", "*.opvault"),
    *("*.asc", "*.gpg", "*.pgp", "*.age", "secring.*", "*.sec", "*.keytab", "*.ccache"),
    *("krb5cc_*", "*.mobileprovision", "*.provisionprofile", "*.tpm", "*.fve", "*.wallet"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "id_xmss*", "ssh_host_*_key"),
    *("*_rsa", "*_dsa", "*_ecdsa", "*_ed25519", "*.rsa", "*.ed25519", "wallet.dat", "utc--*"),
    *("key.json", "key.txt", "keys.json", "keys.txt", "otr.private_key", "*.private_key"),
    # Networks.
    *("*.ovpn", "wg[0-9]*.conf", "*.nmconnection", "wpa_supplicant*.conf", "hostapd.conf"),
    *("chap-secrets", "pap-secrets", "ipsec.secrets", "smbpasswd", ".smbcredentials", "*.rdp"),
    *("*.remmina", "remmina.pref", "*.vnc", "*vnc.ini", ".rdpass*", "*.pcf", "vpnsettings.xml"),
    *("auth-user-pass*", "sssd.conf", "nslcd.conf", "slapd.conf", "pam_ldap.conf", "ldap.conf"),
    *("tailscaled.state", "sasl_passwd*", "dovecot-sql.conf*", "dovecot-ldap.conf*", ".davfs2*"),
    *("passwd-s3fs", ".passwd-s3fs", "*.tblk", "mosquitto.passwd", "sip.conf", "pjsip.conf"),
    # Tools that keep a password or a token.
    *(".netrc", "_netrc", ".authinfo*", ".pgpass", "pgpass.conf", ".my.cnf", ".mylogin.cnf"),
    *(".mongorc.js", ".dbshell", ".rediscli_auth", ".odbc.ini", "odbc.ini", "robomongo.json"),
    *(".npmrc", "npmrc", ".yarnrc", ".yarnrc.y*ml", ".pypirc", "pip.conf", "pip.ini", ".condarc"),
    *(".htpasswd", "htpasswd", ".htdigest", "*.htpasswd", "proftpdpasswd", "shadow", "gshadow"),
    *("master.passwd", ".s3cfg", ".boto", "boto.cfg", ".git-credentials", ".gitcookies"),
    *(".vault-token", ".vault[-_]pass*", ".dockercfg", ".dockerconfigjson", ".terraformrc"),
    *("terraform.rc", "*.tfrc", "*.tfrc.json", "*.tfvars", "*.tfvars.json", "*.tfstate"),
    *("*.tfstate.*", "*.tfplan", "tfplan", "kubeconfig*", "*[-_.]kubeconfig", "*kubeconfig.y*ml"),
    *("nuget.config", "settings-security.xml", "gradle.properties", "local.properties"),
    *("key.properties", "keystore.properties", "signing.properties", "kaggle.json"),
    *("rclone.conf", ".rclone.conf", "admin.conf", "super-admin.conf", "kubelet.conf"),
    *("bootstrap-kubelet.conf", "controller-manager.conf", "scheduler.conf", "k3s.y*ml"),
    *("talosconfig", "omniconfig", "clouds.y*ml", "*openrc.sh", "ngrok.y*ml", ".doppler.y*ml"),
    *("sentry.properties", ".clasprc.json", "datadog.y*ml", ".dogrc", ".arcrc"),
    *("newrelic.y*ml", "newrelic.js", "newrelic.ini"),
    *(".coveralls.y*ml", ".cdsapirc", ".ecmwfapirc", ".comet.config", ".modal.toml", ".ovh.conf"),
    *("ovh.conf", "exoscale.toml", "gitlab.rb", ".pause", "connections.toml", ".gitconfig.local"),
    # Assistants, and the servers that they start.
    *(".mcp.json", "mcp.json", "mcp.jsonc", "*mcp[-_]settings.json", "*mcp[-_]config*.json"),
    *("*mcp[-_]servers*.json", "claude_desktop_config.json", ".claude.json", ".claude.json.*"),
    *(".aider.conf.y*ml", ".openai", ".anthropic", ".openrouter", ".gemini", ".mistral"),
    *(".databrickscfg", ".sentryclirc", ".wakatime.cfg", ".bugzillarc", ".trc", ".tugboat"),
    *("sftp-config.json", "sftp.json", ".ftpconfig", "ftpconfig", ".ftppass", ".lftprc"),
    *("remote-sync.json", ".remote-sync.json", "filezilla.xml", "sitemanager.xml"),
    *("recentservers.xml", "winscp.ini", "servlist_.conf", "*.publishsettings", "*.cscfg"),
    *("*.pubxml.user", "connectionstrings.config", "*.udl", "*.dsn", "tomcat-users.xml"),
    *(".dbeaver-data-sources*.xml", "datasources*.xml", "webservers.xml", "knife.rb"),
    *("*mysql.cnf", "my.cnf", "my.ini", "debian.cnf", ".pg_service.conf", "pg_service.conf"),
    *("pgbouncer.ini", "userlist.txt", "redis*.conf", "grafana.ini", "flyway.conf"),
    *(".muttrc", ".neomuttrc", "neomuttrc", ".msmtprc", "msmtprc", ".fetchmailrc", ".mbsyncrc"),
    *(".isyncrc", ".esmtprc", ".mpoprc", ".offlineimaprc", ".getmailrc"),
    *(".mailrc", ".wgetrc", ".curlrc"),
    *(".erlang.cookie", "*.macaroon", "*-keypair.json", "keypair.json", "keychain.json"),
    *(".snowsql*", "profiles.y*ml", "ormconfig.json", "google-services.json", "keybase.txt"),
    *("googleservice-info*.plist", "*firebase-adminsdk*", "*adminsdk*.json", "rootkey*.csv"),
    *("*.1pux", "*bitwarden*export*", "*lastpass*export*", "*keepass*.csv", "*keepass*.xml"),
    *("*dashlane*.csv", "wallet.json", "wallets.json", "authenticator*.json", "cookies.json"),
    *("storagestate.json", "unattend*.xml", "autounattend.xml", "sysprep.inf", "ntds.dit"),
    *("age.txt", "*age-key*.txt", "seed.txt", "recovery.txt", "private.txt", "2fa*.txt"),
    *("*totp*.txt", "otp*.txt", "keys.plist", "keys.xcconfig", "keys.y*ml", "keys.toml"),
    *("keys.ini", "keys.properties", "key[34].db", "signons.sqlite"),
    *("login data", "cookies.txt", "*.cookies"),
    *("cookies.sqlite", ".lastpass*", ".bitwarden*", "odoo.conf", ".odoorc", "openerp-server.conf"),
    *("jupyter_notebook_config.json", "jupyter_server_config.json", "airflow.cfg", "*.rdg"),
    # Configuration that usually contains passwords.
    *("application-*.y*ml", "application-*.properties"),
    *("bootstrap-*.y*ml", "bootstrap-*.properties"),
    *("appsettings.*.json", "local.settings.json", "parameters.y*ml", "wp-config*.php"),
    *("web.config", "web.*.config", "app.config", "app.*.config", "machine.config"),
    *("applicationhost.config", "hibernate.cfg.xml", "jdbc.properties", "db.properties"),
    *("database.properties", "datasource*.properties", "liquibase.properties", "mail.properties"),
    *("datasource*.y*ml", "database*.y*ml", "database.ini", "database.json", "db.y*ml"),
    *("mongoid.y*ml", "env.php"),
    *("localsettings.php", "config.inc.php", "local_settings.py", "settings_local.py"),
    *("secret_token.rb", "arduino_secrets.*"),
    # Extensions that name a secret.
    *("*.secret", "*.secrets", "*.token", "*.tokens", "*.credentials", "*.creds", "*.password"),
    *("*.passwd", "*.passphrase", "*.apikey", "*.pass", ".pw"),
    # Copies of databases.
    *("dump*.sql", "*dump.sql", "*[-_.]dump[-_.]*.sql", "*backup*.sql", "*.sql.*z*", "*.dump"),
    *("*.pgdump", "*.dmp", "*.bacpac", "users.sql", "accounts.sql", "customers.sql"),
    # Command histories.
    *(".*_history", ".*-history", "*.history", "fish_history", ".histfile", ".viminfo", ".lesshst"),
    *("consolehost_history.txt", "*_history.txt"),
)  # fmt: skip
"""Lower-case names that are enough by themselves."""

_BELOW = (
    # Everything in a folder.
    *(".ssh/* .gnupg/* .aws/* .azure/* .oci/* .password-store/* .envs/* .secrets/*".split()),
    *(".credentials/* .pki/* keyrings/* gcloud/* .kaggle/* .kube/* .chef/* .purple/*".split()),
    *("system-connections/* .bitcoin/* .ethereum/keystore/* configstore/* .gsutil/*".split()),
    *(".vault/* .openvpn/* .bluemix/* .ibmcloud/* .huggingface/* .dbt/* .snowflake/*".split()),
    *(".snowsql/* .znc/* .config/op/* .config/stripe/* .terraform.d/* .minikube/*".split()),
    *("wireguard/*.conf openvpn/* .subversion/auth/* .wrangler/config/*".split()),
    *(".op/* .doppler/* .stripe/* stripe/config.toml .twilio-cli/* .railway/* .render/*".split()),
    *(".heroku/* .supabase/* .vnc/* .near-credentials/* .electrum/* .foundry/keystores/*".split()),
    *("solana/*.json .minisign/* .signify/* .weechat/* weechat/*.conf github-copilot/*".split()),
    *(".gitlab-runner/* .jfrog/* .acli/* .jira.d/* .expo/* .hex/* .idea/datasources/*".split()),
    *(".auth/*.json .cisco/* .linode-cli/* .aliyun/* .tccli/* .shodan/* .newrelic/*".split()),
    # Single files in a folder.
    *(".claude/settings.local.json .gemini/settings.json .codex/config.toml".split()),
    *(".cloudflared/*.json cloudflared/*.json scw/config.y*ml .idea/deployment.xml".split()),
    *(".idea/sshconfigs.xml .bundle/config .cabal/config .luarocks/config* .msf4/*.yml".split()),
    *(".conan/*.json .conan2/*.json .dvc/config.local transmission/settings.json".split()),
    *("himalaya/config.toml aerc/accounts.conf msmtp/config .pgadmin/*.db tea/config.y*ml".split()),
    *(".docker/config.json .m2/settings*.xml .m2/*security*.xml gh/hosts.y*ml".split()),
    *(".config/hub glab-cli/config.y*ml doctl/config.y*ml .fly/config.y*ml".split()),
    *("hcloud/cli.toml netlify/config.json .netlify/*.json .pulumi/*.json".split()),
    *(".circleci/cli.y*ml .travis/config.y*ml .cargo/credentials* .gem/credentials".split()),
    *("helm/repositor* containers/auth.json .codex/auth.* .continue/config.*".split()),
    *("huggingface/token huggingface/stored_tokens .mc/config.json ngrok/ngrok.y*ml".split()),
    *(".ngrok2/ngrok.y*ml .irssi/config .lftp/bookmarks dbeaver/*.json".split()),
    *("app/etc/local.xml sites/*/settings*.php .sbt/*credentials* .ivy2/.credentials*".split()),
    *("vercel/auth.json .vercel/auth.json .jupyter/*.json .ssb/secret".split()),
)  # fmt: skip
"""Folders, and the files in each that hold secrets, all in lower case."""

_EXEMPT = re.compile(
    r"known_hosts.*|authorized_keys.*|.*\.pub|.*\.env\.(?:d\.)?[jt]s|"
    r".*[-_.](?:examples?|sample|template|tmpl|tpl|dist|schema)(?:\.(\w{1,10}))?",
    re.DOTALL,
)
"""Names that only resemble those of secrets and are meant to be seen."""

_MAY_FOLLOW = _DATA | _CONFIGURING
"""Extensions that can follow ``example``; ``.env.example.com`` belongs to a host."""

_BACKUP = re.compile(
    r"(?:\.(?:bak|backup|old|orig|original|save|sw[a-p]|tmp|temp|copy|rej|git|disabled|inactive|"
    r"dpkg-\w+|rpm\w+|ucf-\w+|\d[\d-]*)|~|#|[-_ ]\(?(?:\d+|copy)\)?|(?<![. ])[. ]+|::\$data)$"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")

_SECRET_WORDS = frozenset(
    "secret secrets credential credentials cred creds password passwords passwd passwds passphrase "
    "passphrases pwd pwds pword mnemonic passwort kennwort contrasena senha keystore keyring "
    "keytab htpasswd".split()
)
_SECRET_PHRASES = re.compile(
    r"\b(?:service ?accounts?(?: ?keys?)?|seed ?phrases?|(?:recovery|backup) ?codes?|"
    r"(?:connection|database|db|mongo|mongodb|postgres|redis|webhook) ?(?:dsn|strings?|ur[il]s?)|"
    r"adminsdk|\w*(?:secret|password|passwd|credential)s?|\w+passphrases?|"
    r"(?:access|account|admin|age|anthropic|api|app|auth|aws|azure|bot|client|cookie|consumer|"
    r"crypto|deploy|deployment|ec|ecdsa|ed|encrypt|encryption|firebase|gcloud|gcp|github|gitlab|"
    r"google|gpg|hmac|host|identity|jwt|kms|license|licence|login|master|openai|pgp|priv|private|"
    r"release|root|rsa|sa|secret|sendgrid|server|service|session|sign|signing|sops|ssh|ssl|sts|"
    r"storage|stripe|tls|twilio|upload|user|vapid|vpn|wallet|webhook|wg|wireguard) ?keys?)\b"
)
_TOKEN = re.compile(r"^(\w*)tokens?$")
_TOKEN_WORDS = frozenset(
    "access api app auth authorization aws azure bearer bot ci client cloud csrf deploy discord "
    "dev docker gcp gh git github gitlab google heroku hf id jwt local login my npm oauth openai "
    "password personal private prod production pypi refresh registry saved secret server service "
    "session slack sso stored telegram token tokens twitter user vault".split()
)
"""The only words that accompany ``token`` in the name of a file that holds one."""

_DEPLOYED = frozenset("live local preprod prod production stage staging uat".split())
_CONFIGURATION = frozenset(
    "app application conf config configs configuration env environment settings".split()
)
_WITH_A_SECRET = _CONFIGURATION | _DEPLOYED | frozenset("dev django my private wifi".split())

_NOT_OF_SECRETS = frozenset(
    "changed forgot forgotten generator message messages policies policy reset rules schema "
    "schemas strength".split()
)
"""Words in the names of files about passwords, such as the text of an e-mail or a schema."""

_TEXTS = frozenset("i18n l10n lang langs locale locales schema schemas translations".split())
_STYLES = frozenset(
    "css design design-tokens scss style styles theme themes tokens ui vocab tokenizer".split()
)
_INSTALLED = frozenset("site-packages dist-packages node_modules".split())


def is_secret(path: str | PurePath) -> bool:
    """Does a file's path, or that of the file it is a backup of, suggest passwords or keys?

    Also takes Windows paths and the paths of URIs.
    """
    plain = unicodedata.normalize("NFKC", str(path)[-_LONGEST:]).replace("\\", "/")
    *folders, name = [part for part in plain.split("/") if part] or [""]
    name = _original(name)
    lower, around = name.lower(), [folder.lower() for folder in folders]
    if _is_exempt(lower):
        return False
    if _is_named(lower) or _lies_in(around, lower):
        return True
    return _is_called_after_a_secret(name, around)


def _is_called_after_a_secret(name: str, folders: list[str]) -> bool:
    stem, dot, ending = name.strip(".").rpartition(".")
    stem, ending = (stem, ending.lower()) if dot else (ending, "")
    words = [word.lower() for word in _WORD.findall(stem)]
    if ending in _CONFIGURING:
        return _configures_secrets(words, ending, folders)
    if not _is_data(name, ending, words) or not _TEXTS.isdisjoint(folders):
        return False
    if not _NOT_OF_SECRETS.isdisjoint(words):
        return False
    if not _SECRET_WORDS.isdisjoint(words) or _SECRET_PHRASES.search(" ".join(words)):
        return "public" not in words
    return (
        {"secrets", "credentials", "private-keys"} & set(folders[-2:]) != set()
        or _is_token(words, folders)
        or (stem.lower() in ("auth", "oauth", "oauth2", "logins") and ending != "")
        or (words[-1:] in (["pass"], ["pw"]) and ending in ("", "csv", "txt", "xls", "xlsx"))
        or ("vault" in words and ending in ("", "yml", "yaml", "txt", "json"))
        or _is_deployed(words, ending)
    )


def _configures_secrets(words: list[str], ending: str, folders: list[str]) -> bool:
    """Is a code file just settings? A library's ``secrets.py``, like Python's own, is not."""
    if words == ["secrets"]:
        is_library = any(re.fullmatch(r"(?:lib/?)?python\d?[\d.]*", item) for item in folders)
        own = not is_library and _INSTALLED.isdisjoint(folders)
        return own and ending not in ("ts", "js", "mjs", "cjs", "rb", "pl", "r", "lua")
    of_secrets = {"secret", "secrets", "credential", "credentials", "password", "passwords"}
    others = set(words) - of_secrets
    return len(others) < len(set(words)) and others != set() and others <= _WITH_A_SECRET


def _is_data(name: str, ending: str, words: list[str]) -> bool:
    """Is it a data file, by its extension or for lack of one?"""
    return not ending or ending in _DATA or (name.startswith(".") and ending in words)


def _is_token(words: list[str], folders: list[str]) -> bool:
    """Is it an access token, rather than a design token or a vocabulary's?"""
    words = [part for word in words for part in _TOKEN.sub(r"\1 token", word).split()]
    is_one = "token" in words and _TOKEN_WORDS.issuperset(words)
    return is_one and _STYLES.isdisjoint(folders[-2:])


def _is_deployed(words: list[str], ending: str) -> bool:
    """Are these the settings of a deployment, which contain its passwords?"""
    is_settings = ending == "config" or not _CONFIGURATION.isdisjoint(words)
    return is_settings and ending != "" and not _DEPLOYED.isdisjoint(words)


def _original(name: str) -> str:
    """The name of the file that this one is a backup of."""
    name = name.removeprefix("._").removeprefix("Copy of ").removeprefix(".#").removeprefix("#")
    while (before := _BACKUP.sub("", name[-80:].lower())) != name[-80:].lower() and before:
        name = name[: len(name) - len(name[-80:]) + len(before)]
    return name


def _is_exempt(name: str) -> bool:
    found = _EXEMPT.fullmatch(name)
    return found is not None and (found[1] is None or found[1] in _MAY_FOLLOW)


def _is_named(name: str) -> bool:
    return name in _WHOLE or name.endswith(_ENDINGS) or bool(_OTHERS.match(name))


def _lies_in(folders: list[str], name: str) -> bool:
    return any(
        _INSIDE[folder].match("/".join([*folders[at + 1 :], name]))
        for at, folder in enumerate(folders)
        if folder in _INSIDE
    )


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


def _inside() -> dict[str, re.Pattern[str]]:
    by_folder: dict[str, list[str]] = {}
    for pattern in _BELOW:
        folder, _, inside = pattern.partition("/")
        by_folder.setdefault(folder, []).append(inside)
    return {folder: _any_of(patterns) for folder, patterns in by_folder.items()}


_WILD = re.compile(r"[*?\[]")
_WHOLE = frozenset(name for name in _NAMES if not _WILD.search(name))
_ENDINGS = tuple(name[1:] for name in _NAMES if name[0] == "*" and not _WILD.search(name[1:]))
_OTHERS = _any_of(name for name in _NAMES if name not in _WHOLE and name[1:] not in _ENDINGS)
_INSIDE = _inside()
