#!/usr/bin/env bash
# Updates locked/*.txt: what Set Up installs, each package with its version and the hashes of all
# its files, for every system and Python that pyproject.toml names. Needs the network.
#
#   build.txt   what builds llama.cpp's Python package, for which there are no wheels
#   server.txt  what Herdmate's wheel depends on
set -euo pipefail
cd "$(dirname "$0")"

tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool"
"$tool/bin/pip" install --quiet --disable-pip-version-check 'uv>=0.9'
lock() {
  "$tool/bin/uv" pip compile --quiet --universal --generate-hashes --python-version 3.10 --upgrade \
    --no-header --no-annotate --no-emit-index-url --output-file "$1" "$2"
}
lock locked/server.txt ../pyproject.toml
lock locked/build.txt locked/build.in
