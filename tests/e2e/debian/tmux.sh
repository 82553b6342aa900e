#!/usr/bin/env bash
# Installs tmux where it is missing.
set -euo pipefail
command -v tmux >/dev/null && exit 0
as_root=$([ "$(id -u)" = 0 ] || echo sudo)
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq tmux >/dev/null
