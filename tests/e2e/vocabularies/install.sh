#!/usr/bin/env bash
# Puts the real vocabularies and chat templates of many models into the tools folder: the source
# package of llama-cpp-python, in the version that is installed, carries them. Again: a second.
. "$(dirname "$0")/../debian/installing.sh"

python=$(realpath "${VENV:-$debian/../../../.venv}")/bin/python
wanted=$("$python" -c "import importlib.metadata as m; print(m.version('llama-cpp-python'))")

version() { grep -qx "$wanted" "$root/VERSION" && echo "vocabularies of llama-cpp-python $wanted"; }
fill() {
  mkdir -p "$root.new"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps \
    --no-binary llama-cpp-python --dest "$root.new" "llama-cpp-python==$wanted"
  tar -xzf "$root.new"/*.tar.gz -C "$root.new" --wildcards --strip-components=4 \
    '*/vendor/llama.cpp/models/*.gguf' '*/vendor/llama.cpp/models/templates/*.jinja'
  rm "$root.new"/*.tar.gz
  echo "$wanted" >"$root.new/VERSION"
}

install vocabularies
