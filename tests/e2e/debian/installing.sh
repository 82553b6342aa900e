# Sourced by the install.sh of an editor. `install FOLDER` has `fill` put a program into $root.new and
# makes that FOLDER of the tools folder, whole or not at all, unless `version` says that it is there.
set -euo pipefail
debian=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${HERDMATE_E2E_TOOLS:-$HOME/.cache/herdmate-e2e}
mkdir -p "$tools"

install() {
  local found
  root=$(realpath "$tools")/$1
  if found=$(version 2>/dev/null); then echo "$found" && return; fi
  trap 'rm -rf "$root.new"' EXIT
  rm -rf "$root" "$root.new"
  fill
  mv "$root.new" "$root"
  version # or what is wrong
}
