"""Which files may be read."""

from __future__ import annotations

from pathlib import Path

from herdmate.context.files import readable_files


def _write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x", "utf-8")


def _readable(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in readable_files(root)}


def test_what_git_ignores_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path, "a.py", "b/c.py", "b/keep.log", "b/x.log", "out/d.py", ".env", ".hidden/e.py",
           "node_modules/f.js", "b/deep/g.tmp", "local/h.py")  # fmt: skip
    (tmp_path / ".gitignore").write_text("*.log\n/out/\nlocal\n", "utf-8")
    (tmp_path / "b" / ".gitignore").write_text("!keep.log\n*.tmp\n", "utf-8")
    assert _readable(tmp_path) == {".gitignore", "a.py", "b/.gitignore", "b/c.py", "b/keep.log"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    _write(tmp_path, "outside/a.py", "root/b.py")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / "root" / "c.py").symlink_to(tmp_path / "outside" / "a.py")
    assert _readable(tmp_path / "root") == {"b.py"}
