"""The commands with which ``herdmate doctor`` mends what it found."""

from __future__ import annotations

import shlex

from herdmate.cli.doctor_facts import Facts


def set_command(facts: Facts, key: str, value: str) -> str:
    """The command that gives a setting another value for good, wherever it is set now."""
    origin, value = facts.origins.get(key, ""), quoted(facts, value)
    if origin.startswith("--"):
        return f"{origin} {value}" if " " not in origin else f"{origin}={value}"
    if origin:
        return export_command(facts, origin, value)
    return f"herdmate config set {key} {value}"


def use_command(facts: Facts, model: str, is_here: bool) -> str:
    """The command with which a model answers from now on."""
    use = set_command(facts, "model", model)
    if is_here:
        return use
    pull = f"herdmate models pull {quoted(facts, model)}"
    if use.startswith("--"):  # the next command line of the user's, once it is fetched
        return pull
    return f"{pull}; {use}" if facts.system == "windows" else f"{pull} && {use}"


def unset_command(facts: Facts, key: str) -> str:
    """The command that takes a setting back, wherever it is set now."""
    origin = facts.origins.get(key, "")
    if origin.startswith("--"):
        return f"leave out {origin}"
    return unset_variable(facts, origin) if origin else f"herdmate config unset {key}"


def export_command(facts: Facts, name: str, value: str) -> str:
    """The command that sets an environment variable to a word of the shell's."""
    if facts.system != "windows":
        return f"export {name}={value}"
    return f"$env:{name} = '{value.strip(chr(34))}'"


def unset_variable(facts: Facts, name: str) -> str:
    """The command that takes an environment variable away."""
    return f"Remove-Item Env:{name}" if facts.system == "windows" else f"unset {name}"


def edit_command(facts: Facts, key: str) -> str:
    """The command with which one corrects a setting."""
    return unset_command(facts, key) if facts.origins.get(key) else "herdmate config edit"


def quoted(facts: Facts, path: str) -> str:
    """A path as one word of the shell's."""
    if facts.system != "windows":
        return shlex.quote(path)
    return f'"{path}"' if " " in path else path


def install_compiler(facts: Facts) -> str:
    """The command that installs a C++ compiler."""
    if facts.system == "macos":
        return "xcode-select --install"
    if facts.system == "windows":
        return "winget install Microsoft.VisualStudio.2022.BuildTools"
    packages = {"apt-get": "build-essential", "apk": "build-base", "pacman": "base-devel"}
    return install_command(facts, packages.get(facts.installer, "gcc-c++"))


def install_command(facts: Facts, package: str) -> str:
    """The command that installs a package of the system."""
    usual = f"{facts.installer or 'apt-get'} install"
    how = {"pacman": "pacman -S", "apk": "apk add"}.get(facts.installer, usual)
    return f"sudo {how} {package}"
