#!/usr/bin/env bash
# unpack.sh SUITE FOLDER PACKAGE...: Debian's own packages of whatever suite, with all that they
# want, libraries and loader too, unpacked into a folder, so that nothing of the system changes. Of
# several suites (with commas between them) the last one is preferred.
set -euo pipefail
suite=$1 folder=$2
shift 2

# The mirror that this machine is set up with.
mirror=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null |
  awk '/^URIs:/ || /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /:\//) { print $i; exit } }') || true
if [ -z "$mirror" ] || ! command -v dpkg-deb >/dev/null; then
  echo "The tests' editors come from Debian's packages and this is no Debian: put the installation" \
    "of $* into ${folder%.new}/usr instead." >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{state/lists/partial,cache/archives/partial,sources,empty}
: >"$work/state/status"
printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
  "$mirror" "${suite//,/ }" /usr/share/keyrings/debian-archive-keyring.gpg >"$work/sources/x.sources"
apt=(apt-get -qq -o "Dir::State=$work/state" -o "Dir::State::status=$work/state/status"
  -o "Dir::Cache=$work/cache" -o Dir::Etc::sourcelist=/dev/null
  -o "Dir::Etc::sourceparts=$work/sources" -o "Dir::Etc::preferencesparts=$work/empty"
  -o "APT::Default-Release=${suite##*,}" -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
"${apt[@]}" update
"${apt[@]}" -y --no-install-recommends --download-only install "$@" >/dev/null
mkdir -p "$folder"
for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$folder"; done
