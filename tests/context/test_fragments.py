"""Code in other files that resembles the code around a cursor."""

from __future__ import annotations

import random
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.context import fragments, resemblance
from herdmate.context.excerpts import Material, excerpts, texts
from herdmate.context.fragments import Files, Fragment
from herdmate.context.index import Defined, Index
from herdmate.context.outline import Head
from herdmate.context.resemblance import Wanted

OTHERS = "".join(f"value_{at} = compute(first_{at}, second_{at})\n" for at in range(40))
LIKE = "session = open_session(address)\nsession.send(greeting)\nsession.close()\n"


OWN = Path("/work/own.py")


def _files(folder: Path, **code: str) -> tuple[Files, Wanted]:
    for name, text in code.items():
        (folder / f"{name}.py").write_text(text, "utf-8", newline="")
    paths = sorted(folder.glob("*.py"))
    found = Files()
    found.read(paths, (folder,))
    return found, Wanted(LIKE, "python", OWN, {})


def _paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.py"))


def test_what_shares_rare_words_is_alike(tmp_path: Path) -> None:
    files, wanted = _files(tmp_path, plain=OTHERS, like=OTHERS[:1100] + LIKE + OTHERS[1100:])
    found = files.alike(
        replace(wanted, like="connection = open_session(here)\nconnection.greeting"), 3
    )
    assert LIKE in found[0].text
    assert [part.path.stem for part in found] == ["like"]
    assert files.alike(replace(wanted, like="nothing_here(at_all)"), 3) == ()
    assert files.alike(replace(wanted, like=""), 3) == ()


def test_the_own_file_and_other_languages_are_not_searched(tmp_path: Path) -> None:
    (tmp_path / "like.rs").write_text(LIKE, "utf-8")
    files, wanted = _files(tmp_path, like=LIKE)
    files.read([tmp_path / "like.rs"], (tmp_path,))
    assert [part.path.name for part in files.alike(wanted, 9)] == ["like.py"]
    assert files.alike(replace(wanted, own=tmp_path / "like.py"), 9) == ()


def test_files_that_count_more_come_first(tmp_path: Path) -> None:
    files, wanted = _files(tmp_path, one=LIKE, two=LIKE)
    assert [part.path.stem for part in files.alike(wanted, 9)] == ["one", "two"]
    wanted = replace(wanted, weights={tmp_path / "two.py": 2.0})
    assert [part.path.stem for part in files.alike(wanted, 9)] == ["two", "one"]


SIBLING = """\
class Remote(Session):
    async def make(self, path, *, parents=False, user=None):
        if user is not None:
            path = await self.check_make(path, parents=parents, user=user)
        else:
            path = self.normalize(path, for_write=True)
        await self.invoke("make", path)
"""
BEGUN = "async def make(self, path, *, parents=False, user=None):\n    if user is not None:\n"


@pytest.mark.parametrize("lines_above", range(12))
def test_what_comes_next_in_code_like_this_is_shown(tmp_path: Path, lines_above: int) -> None:
    files, wanted = _files(tmp_path, like="\n" * lines_above + SIBLING + OTHERS)
    for typed in ("", "        ", "        normalized = await self."):
        (found,) = files.alike(replace(wanted, like=BEGUN + typed), 9)
        assert "check_make" in found.text
        assert "invoke" in found.text
        assert found.coming.strip().startswith("path = await")
        assert found.likeness > 0.5


def test_endless_lines_are_not_shown_beside_what_is_alike(tmp_path: Path) -> None:
    code = OTHERS[: OTHERS.index("value_20 ")] + SIBLING + f"DATA = '{'x' * 9_000}'\n"
    files, wanted = _files(tmp_path, like=code)
    found = files.alike(replace(wanted, like=BEGUN + SIBLING.split("else:")[0][-40:]), 9)
    assert found
    assert all(len(part.text) < 4_000 for part in found)


def test_documentation_does_not_hide_what_is_alike(tmp_path: Path) -> None:
    head, *body = SIBLING.splitlines(keepends=True)[1:]
    documented = head + '        """Make it.\n\n' + "        It is made.\n" * 6 + '        """\n'
    documented += "".join("        # a step\n" + line for line in body)
    files, wanted = _files(tmp_path, like=documented + OTHERS)
    (found,) = files.alike(replace(wanted, like=BEGUN), 9)
    assert found.coming.strip().startswith("path = await")
    (found,) = files.alike(replace(wanted, like=BEGUN.split("    if")[0]), 9)
    assert "if user is not None" in found.coming


def test_long_documentation_does_not_part_a_body_from_its_head(tmp_path: Path) -> None:
    documented = '    """Do it.\n\n' + "    It is done.\n" * 20 + '    """\n'
    text = "".join(
        f"def {name}(context, options):\n{documented}    run(context)\n    end_{name}()\n"
        + "    done()\n" * 9
        for name in ("install", "remove", "update")
    )
    files, wanted = _files(tmp_path, like=text + OTHERS)
    for name in ("install", "remove", "update"):
        begun = f"def {name}(context, options):\n    run(context)\n    "
        assert files.alike(replace(wanted, like=begun), 9)[0].coming.startswith(f"    end_{name}()")


def test_one_file_does_not_hide_the_others(tmp_path: Path) -> None:
    route = "route(path, parents, user, method, status, reason, header)\n"
    more = "".join(f"finish(other_{at}, with_{at})\n" for at in range(9))
    files, wanted = _files(tmp_path, routes=route * 400, like="prepare()\n" + more)
    found = files.alike(replace(wanted, like=route + "prepare()\n"), 9)
    assert [part.path.stem for part in found].count("like") == 1


def test_the_right_place_is_found_in_a_file_that_repeats_itself(tmp_path: Path) -> None:
    steps = [f"run_{at}(context, options)" for at in range(6)]
    orders = [random.Random(seed).sample(steps, 6) for seed in range(40)]
    bodies = ["".join(f"    {step}\n" for step in order) for order in orders]
    text = "".join(f"def case_{at}():\n{body}\n" for at, body in enumerate(bodies))
    files, wanted = _files(tmp_path, cases=text, more=OTHERS)
    missed = 0
    for body in bodies:
        begun = "\n".join(body.split("\n")[:4]) + "\n    "
        found = files.alike(replace(wanted, like=begun), 9)
        missed += not any(part.coming.startswith(body.split("\n")[4]) for part in found)
    assert missed <= 4


def test_of_long_lines_fewer_are_shown_but_those_that_come_next(tmp_path: Path) -> None:
    lines = [f"    self.step_{at}(path, mode_{at}, {'x' * 80})\n" for at in range(20)]
    files, wanted = _files(tmp_path, like="".join(lines) + OTHERS)
    found = files.alike(replace(wanted, like="".join(lines[4:10]) + "    "), 9)[0]
    assert len(found.text) <= 700
    assert found.coming == "".join(lines[10:12]).rstrip()
    assert found.coming in found.text


def test_where_the_user_was_stays_in_sight(tmp_path: Path) -> None:
    text = "look = parents_of(user)\n" + "\n" * 5 + SIBLING + OTHERS
    files, wanted = _files(tmp_path, like=text)
    here = {tmp_path / "like.py": [0]}
    found = files.alike(replace(wanted, like=BEGUN, rows=here), 9)
    assert any("look = " in part.text for part in found)


def test_words_near_the_cursor_count_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resemblance, "_OF_LIKENESS", 0.0)
    above, here = "alpha(beta, gamma)\n", "delta(epsilon, zeta)\n"
    files, wanted = _files(tmp_path, above=above + OTHERS, here=here + OTHERS)
    found = files.alike(replace(wanted, like=above + here), 9)
    assert [part.path.stem for part in found] == ["here", "above"]
    found = files.alike(replace(wanted, like=here + above), 9)
    assert [part.path.stem for part in found] == ["above", "here"]


def test_of_one_file_come_few_fragments_that_do_not_overlap(tmp_path: Path) -> None:
    files, wanted = _files(tmp_path, like=LIKE * 30)
    found = files.alike(wanted, 9)
    assert len(found) == 2
    assert found[0].end <= found[1].start


def test_places_are_bytes_and_line_ends_are_line_feeds(tmp_path: Path) -> None:
    files, wanted = _files(tmp_path, like="# ünïcödé 🐑\r\n" * 10 + LIKE.replace("\n", "\r\n"))
    (found,) = files.alike(wanted, 1)
    data = (tmp_path / "like.py").read_bytes()[found.start : found.end].decode()
    assert found.text == data.replace("\r\n", "\n")


def test_secrets_are_not_in_fragments_even_if_cut(tmp_path: Path) -> None:
    key = "".join(f"{chr(65 + at % 26) * 60}{at}\n" for at in range(30))
    text = f"-----BEGIN PRIVATE KEY-----\n{key}-----END PRIVATE KEY-----\n"
    files, wanted = _files(tmp_path, like=f"session = '''{text}'''\n{LIKE}")
    found = files.alike(replace(wanted, like=LIKE + key), 9)
    assert found
    assert not any(line in part.text for part in found for line in key.split())


def test_a_changed_file_is_read_again_and_a_lost_one_forgotten(tmp_path: Path) -> None:
    files, wanted = _files(tmp_path, like=LIKE)
    (tmp_path / "like.py").write_text("other(words)\n", "utf-8")
    files.read(_paths(tmp_path) or files.paths(), (tmp_path,))
    assert files.alike(wanted, 9) == ()
    assert files.alike(replace(wanted, like="other(words)"), 9)
    (tmp_path / "like.py").unlink()
    files.read(_paths(tmp_path) or files.paths(), (tmp_path,))
    assert files.alike(replace(wanted, like="other(words)"), 9) == ()


def test_what_is_kept_is_bounded_and_the_last_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fragments, "_MOST_KEPT", 3 * len(LIKE))
    files, wanted = _files(tmp_path, **{f"file{at}": LIKE for at in range(9)})
    found = files.alike(wanted, 99)
    assert [part.path.stem for part in found] == ["file6", "file7", "file8"]


def test_other_things_than_files_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "outside.py").symlink_to("/etc/passwd")
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\0" * 100)
    (tmp_path / "wide.py").write_text("root " * 12_000, "utf-8")
    (tmp_path / "empty.py").write_text("", "utf-8")
    (tmp_path / "huge.py").write_text("root\n" * 20_000, "utf-8")
    files, wanted = _files(tmp_path)
    assert files.alike(replace(wanted, like="root"), 9) == ()


SHAPE = Head("Shape", "class Shape: ...\n", "", 0, 60)
AREA = Head("area", "    def area(self): ...\n", "Shape", 20, 60)
LAST = Head("last", "def last(): ...\n", "", 100, 160)


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (1000, "class Shape: ...\n    def area(self): ...\nfragment\ndef last():\n    return 1\n"),
        (79, "fragment\ndef last():\n    return 1\n"),
        (30, "fragment\n"),
        (10, ""),
    ],
)
def test_definitions_and_fragments_share_the_room(room: int, shown: str) -> None:
    path, index = Path("/work/a.py"), Index()
    index.put(path, (SHAPE, AREA, LAST))
    found = (Defined(path, SHAPE), Defined(path, LAST))
    bodies = {found[1]: "def last():\n    return 1\n"}
    material = Material(found, bodies, (Fragment(path, "fragment\n", 70, 80),))
    asked: list[str] = []

    def cost(text: str) -> int:
        asked.append(text)
        return len(text)

    given = excerpts(material, index, (Path("/work"),), room, cost)
    assert "".join(item.code for item in given) == shown
    assert set(asked) <= set(texts(material, index, (Path("/work"),)))


def test_what_a_fragment_shows_is_not_shown_twice() -> None:
    path, index = Path("/work/a.py"), Index()
    index.put(path, (SHAPE, AREA, LAST))
    whole = Fragment(path, "class Shape:\n    def area(self):\n        pass\n", 0, 60)
    found = tuple(Defined(path, head) for head in (AREA, LAST))
    given = excerpts(Material(found, {}, (whole,)), index, (Path("/work"),), 999, len)
    assert given[0].code == whole.text + LAST.text


def test_room_can_be_asked_for_while_files_are_read(tmp_path: Path) -> None:
    files, _ = _files(tmp_path, **{f"file_{at}": OTHERS for at in range(100)})
    paths, is_over, known = _paths(tmp_path), threading.Event(), dict(files._known)

    def read() -> None:
        while not is_over.is_set():
            files.forget(paths[:50])
            files._known.update(known)

    reading, before = threading.Thread(target=read), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    reading.start()
    try:
        assert all(files.has_room for _ in range(2_000))
    finally:
        is_over.set()
        reading.join()
        sys.setswitchinterval(before)


DOCUMENTED = '''\
def send(session, greeting):
    """Send a greeting.

    :param session: what to send through
    :param greeting: what to send
    :param address: where to send it
    """
    session.send(greeting)
'''


def test_documentation_resembles_nothing(tmp_path: Path) -> None:
    text = ":param session: of the address\n    :param greeting: of the session\n"
    files, wanted = _files(tmp_path, doc=f'"""\n{text * 9}"""\n', like=OTHERS + LIKE)
    assert [part.path.stem for part in files.alike(wanted, 9)] == ["like"]
    query = fragments.query_at(DOCUMENTED, len(DOCUMENTED), "python")
    assert query == "def send(session, greeting):\n    session.send(greeting)\n"
    inside = DOCUMENTED.index("what to send\n")
    assert fragments.query_at(DOCUMENTED, inside, "python").endswith("    :param greeting: ")


def test_the_query_is_the_last_code_wherever_it_begins() -> None:
    code = "".join(f"call_{at}(value_{at})\n" for at in range(400))
    assert fragments.query_at(code, len(code), "python").endswith("call_399(value_399)\n")
    assert 400 <= len(fragments.query_at(code, len(code), "python")) < 500
    said = "words here\n" * 600
    far = f'"""{said}"""\n{code}'
    assert fragments.query_at(far, len(far), "python") == fragments.query_at(
        code, len(code), "python"
    )
    assert fragments.query_at("// a\nb();\n/* c\n * d\n */\ne", 99, "go") == "b();\ne"
    assert fragments.query_at("", 0, "python") == ""


def test_code_with_little_in_common_is_not_shown_unless_the_user_was_there(tmp_path: Path) -> None:
    files, wanted = _files(tmp_path, other="close(door)\n" * 10, like=LIKE)
    assert [part.path.stem for part in files.alike(wanted, 9)] == ["like"]
    there = replace(wanted, rows={tmp_path / "other.py": (1,)})
    assert {part.path.stem for part in files.alike(there, 9)} == {"like", "other"}
    # what no file has says nothing about likeness
    rare = replace(wanted, like=LIKE + "".join(f"own_{at}()\n" for at in range(99)))
    assert [part.path.stem for part in files.alike(rare, 9)] == ["like"]
