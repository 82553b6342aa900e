"""Which names tell of secrets."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest

from herdmate.context.secret_names import is_secret

SECRET = (
    ".kube/config", ".docker/config.json", ".aws/credentials", ".aws/config", ".ssh/config",
    ".gnupg/trustdb.gpg", ".m2/settings.xml", ".config/gh/hosts.yml", ".azure/accessTokens.json",
    ".config/gcloud/legacy.json", "serviceAccountKey.json", "settings_secret.py",
    "application-prod.yml", "local.settings.json", "appsettings.Production.json",
    "client_secret_123.apps.json", "my-firebase-adminsdk-x.json", "wp-config.php", "database.yml",
    "vault.yml", "kubeconfig", "kubeconfig-prod.yaml", "kubeconfig.dev", "secrets.py",
    "gradle.properties", "nuget.config", "NuGet.Config", ".terraformrc", ".yarnrc.yml",
    "rclone.conf", "kaggle.json", "pip.conf", ".dev.vars", ".boto", "sftp-config.json", "x.p8",
    "x.asc", "x.gpg", "x.ovpn", "wg0.conf", "krb5.keytab", ".authinfo", "auth.json", "token.json",
    "tokens.json", "api_key.txt", "private_key.txt", "gcp-key.json", ".bash_history",
    ".zsh_history", "fish_history", "x.ppk", "x.age", "apiKeys.json", "APIKey.txt",
    "AccessKeys.csv", "rootkey.csv", "new_user_credentials.csv", "clientSecret.json",
    "secrets-manager.json", "deploy_key", "aws-keys.txt", "openai_api_key", "openai.key",
    "github_token", ".github_token", "githubToken.txt", "slack-token.txt", "oauth_token",
    "oauth.json", "oauth2.json", "bearer_token.txt", "access_token.json", "refreshToken.json",
    "session_secret.txt", "master.key", "config/master.key", "credentials.yml.enc", "prod.env",
    ".env.production.local", "secrets.toml", ".streamlit/secrets.toml", "Secrets.plist",
    "Secrets.xcconfig", "arduino_secrets.h", "secrets.h", "wifi_credentials.h",
    "local_settings.py", "config.secret.js", "secret_settings.py", "settings.production.json",
    "config.prod.yml", "web.production.config", "passwords.xlsx", "user_passwords.csv",
    "creds.json", "db_creds.yaml", "aws_creds", "passwd", "password.txt", "Passwords.TXT",
    "ssh_keys/id_rsa_work", "github_rsa", "recovery-codes.txt", "seed_phrase.txt", "mnemonic.txt",
    "google-services.json", "GoogleService-Info.plist", ".npmrc", ".pypirc", ".netrc", "_netrc",
    ".git-credentials", "keystore.properties", "key.properties", "signing-key.json",
    "encryption_key.bin", "jwt_secret", "htpasswd", ".htpasswd", "tomcat-users.xml", ".env.vault",
    ".envs/.production/.django", "secrets/db.yml", "config/credentials/production.json",
    "service-account.json", "my_service_account.json", "firebase-service-account.json",
    "gha-creds-0123.json", ".vscode/sftp.json", "terraform.tfvars", "prod.auto.tfvars",
    "terraform.tfstate", ".terraform.tfstate.backup", "C:\\Users\\me\\.aws\\credentials",
    "C:\\x\\.ENV", "file:///c%3A/x/.env", "id_ed25519_sk", "id_rsa.old", ".env~", "#.env#",
    ".env.swp", ".env.git", ".env.2024-01-01", "credentials.json.1", "._.env", ".env::$DATA",
    ".envrc", "LocalSettings.php", "app/etc/env.php", "sites/default/settings.php",
    "config.inc.php", ".password-store/a.gpg", "key.json", "age/keys.txt", "private-key.asc",
    "PrivateKey.xml", "privkey.txt", "server_key.txt", "vpn-key.txt", "db_password",
    "secret-key-base.txt", "django_secret_key.txt", ".secret", ".secrets", "secrets.yml.bak",
    "token", ".token", ".tokens", "app_token.yaml", "storage_key.txt", "azure-sas.token",
    ".s3cfg", ".vault_pass", "vault_password.txt", ".my.cnf", "pgpass.conf", ".irb_history",
    "ConsoleHost_history.txt", ".python_history", "wallet.dat", ".erlang.cookie", "master.passwd",
    "shadow", "cookies.txt", "Cookies.sqlite", "pw.kdbx", ".databrickscfg", ".dockercfg",
    "helm/repositories.yaml", "containers/auth.json", ".cargo/credentials.toml", ".condarc",
    ".sentryclirc", ".wgetrc", ".msmtprc", "profiles.yml", "ormconfig.json", "tls.key", "ca.pem",
    "apple_AuthKey_ABC.p8", "secret.env", "env.list", ".config/hub", "parameters.yml",
    "ipsec.secrets", "chap-secrets", "wpa_supplicant.conf", "x.nmconnection", "filezilla.xml",
    "WinSCP.ini", "connectionStrings.config", "Prod.publishsettings", "mykeys.keychain",
    "ServiceAccount.json", "service_account_prod.json", "serviceaccounts.yaml",
    "prod-secrets.yaml", "k8s-secret.yml", "sealed-secret.json", "Login Data",
    "credentials (1).json", "credentials copy.json", "Copy of .env", ".env (1)", ".env. ",
    ".env copy", "api key.txt", "My Passwords.txt", ".env", "id_rsa", "server.key", "cert.pem",
    "secrets.yaml", "credentials.json", "app-secrets.toml", "KEYS.P12",
    "file:///home/a/project/.env", ".env-prod", ".env_local", "prod.env.local", ".flaskenv",
    "secrets.prod.yaml", "server.key.old", ".netrc.bak", ".env.old.1", "terraform.tfstate.backup",
    "my-secret.json", "app.password.ini", "service-account-prod.json", "credentials-prod.json",
    "api.example.com.key", ".env.example.com",
    # environments and lists of passwords
    "env.local", "env.production", "pass.txt", ".pass", "db_pass.csv", "root-pass", "logins.csv",
    "bitwarden_export_2024.json", "vault.1pux", "age.txt", "Keys.plist", "keys.yaml", "seed.txt",
    "totp.txt", "database_url.txt", ".Renviron",
    # databases, their tools and copies
    "my.cnf", "mysql.cnf", ".pg_service.conf", "pgbouncer.ini", "redis.conf", "dump.sql",
    "users.sql", "prod_dump.sql", "backup-2024.sql", "app.dump", "dump.sql.gz", "jdbc.properties",
    "hibernate.cfg.xml", "web.config", "Web.Debug.config", "app.config",
    # editors and assistants
    ".idea/dataSources.xml", ".idea/dataSources/x.xml", ".idea/deployment.xml", ".mcp.json",
    "mcp.json", ".cursor/mcp.json", ".vscode/mcp.json", "mcp_config.json", "mcp-servers.json",
    "cline_mcp_settings.json", "claude_desktop_config.json", ".claude.json", ".openai",
    ".claude/settings.local.json", ".codex/config.toml", ".aider.conf.yml",
    # services and their commands
    ".doppler.yaml", ".op/config", ".stripe/config.toml", ".twilio-cli/config.json",
    ".railway/config.json", ".heroku/config", "ngrok.yml", ".cloudflared/0a1b.json", "admin.conf",
    "kubelet.conf", "k3s.yaml", "talosconfig", "clouds.yaml", "admin-openrc.sh", "newrelic.yml",
    "sentry.properties", ".clasprc.json", ".rclone.conf", ".coveralls.yml", ".modal.toml",
    ".config/github-copilot/hosts.json", ".electrum/wallets/default_wallet", "x.macaroon",
    # networks and desktops
    ".rdpass", "remmina.pref", "slapd.conf", "sssd.conf", "sasl_passwd", "ultravnc.ini",
    "auth-user-pass.txt", "unattend.xml", ".neomuttrc", "passwort.txt",
)  # fmt: skip
"""Names of files that hold secrets: 334."""

ORDINARY = (
    "token.ts", "tokenizer.py", "password_reset.tsx", "SecretView.swift",
    "credentials_provider.go", "keyboard.json", "tokens.css", "design/tokens.json",
    "passwords.py", "secretary.json", "password_reset.html", "service_account.py", "secrets.go",
    "token.rs", "keys.py", "monkey.ts", "id_rsa.pub", ".env.example", ".env.sample",
    "secrets.example.yaml", "special_tokens_map.json", "added_tokens.json",
    "tokenizer_config.json", "tokenizer.json", "color-tokens.json", "design-tokens.json",
    "package.json", "tsconfig.json", "tsconfig.prod.json", "keymap.json", "keybindings.json",
    "public_key.txt", "environment.py", "environment.prod.ts", "environment.yml", "env.py",
    "lib/python3.11/secrets.py", "auth.ts", "auth.py", "oauth.py", "authentication.json",
    "config.json", "settings.json", "config.yml", "application.yml", "appsettings.json",
    "main.py", "README.md", "secrets.md", "history.md", "HISTORY.rst", "history.txt",
    "primary_key.sql", "foreign_keys.json", "locales/en/password.json", "vault.go",
    "vault_client.py", "secret_manager.go", "SecretService.java", "hotkeys.json",
    "token_type.json", "token_counts.csv", "stop_tokens.txt", "credentials.schema.json",
    "password-policy.json", "password_reset_subject.txt", "passport.json", "compass.json",
    "pass.json", "passes.json", "key_value.json", "keys.ts", "keyring.py", "keystore.go",
    "crypto.go", "jwt.ts", "hash.txt", "requirements.txt", "pyproject.toml", "Cargo.toml",
    "Dockerfile", "Makefile", "LICENSE", "CMakeLists.txt", "robots.txt", "settings.py",
    "local.py", "prod.py", "production.py", "config.prod.js", "known_hosts", "authorized_keys",
    "docs/token.md", "test_secrets.py", "secret_test.go", "use-token.ts", "useSecret.ts",
    "token-list.json", "tokenlist.json", "session.json", "user.json", "users.json", "access.log",
    "authors.txt", "AUTHORS", "authority.json", "monkeypatch.json", "turkey.json", "donkey.txt",
    "keyframes.json", "setup.cfg", "tox.ini", "mypy.ini", "my.conf", "nginx.conf",
    "secretsmanager.py", "password_generator.json", "keyword.json", "keywords.txt", "license.txt",
    "licenses.json", "environment.json", "database.py", "database.sql", "databases.py", "db.py",
    "schema.yml", "appkeyboard.json", "webpack.config.prod.js", "application.py",
    "application.css", "history.json", "bash_history.py", "pip.py", "wireguard.py", "netrc.py",
    ".env-example", ".env_sample", ".env.example.bak", "service-account.template.json", "old.py",
    "a.py~", "~", "tests/test_secrets.py", "env.ts", "env.d.ts", "first_pass.py", "logins.py",
    "schema.sql", "dump.py", "backup.sh", "mcp.py", "mcp.schema.json", "database_url.py",
    "redis.py",
    "scheduler.py", "wallet.py", "keys.h", "users.py", "web.config.example", "app.config.js",
    "mcp.example.json", "cloudflared.py", "openai.py", "bypass.txt",
)  # fmt: skip
"""Names that only look like it, and those of ordinary code: 165."""


@pytest.mark.parametrize("name", SECRET)
def test_a_name_that_tells_of_secrets(name: str) -> None:
    assert is_secret(name)
    assert is_secret(f"/home/somebody/project/{name}")
    assert is_secret(f"C:\\project\\{name}")
    assert is_secret(name.lower())
    assert is_secret(name.upper())


@pytest.mark.parametrize("name", ORDINARY)
def test_a_name_that_only_looks_like_it(name: str) -> None:
    assert not is_secret(name)
    assert not is_secret(f"/home/somebody/project/{name}")


def test_python_s_own_secrets_module_is_code_and_a_project_s_is_not() -> None:
    assert not is_secret("/usr/lib/python3.12/secrets.py")
    assert not is_secret("/x/site-packages/thing/secrets.py")
    assert is_secret("/home/somebody/project/secrets.py")


PACKAGES = (
    *("httpx2", "huggingface_hub", "jinja2", "lsprotocol", "mypy", "numpy", "pathspec", "pip"),
    *("psutil", "pydantic", "pygls", "pytest", "rich", "ruff", "starlette", "uvicorn"),
)


def files_of_packages() -> list[Path]:
    """The files of those of the packages that are installed here."""
    found: list[Path] = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            found += (path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if path.suffix not in (".pyc", ".so")]


def test_fewer_than_one_name_in_a_thousand_of_installed_code_is_taken_for_a_secret_one() -> None:
    files = files_of_packages()
    withheld = [path for path in files if is_secret(path)]
    assert len(files) > 1000
    assert 1000 * len(withheld) < len(files), withheld


@pytest.mark.parametrize("piece", ["a/", "~", ".bak", "_", "aB", ".env.", " (1)", "é", "secret-"])
def test_a_very_long_name_takes_no_longer_than_its_length(piece: str) -> None:
    started = time.process_time()
    is_secret("/" + piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 2
