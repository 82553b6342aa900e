"""Command lines, silly ones included, with what is expected of each.

A row is the line, its exit code, what standard output contains, what standard error contains, and
the files that change. ``""`` means that nothing is written there, ``*`` anything.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One command line, run in a folder of the files in ``test_command_lines.py``."""

    words: str
    code: int
    out: str = ""
    err: str = ""
    changed: tuple[str, ...] = ()
    stdin: str = ""


NO_MODEL = "There is no model on this machine yet"
SEE = "see `herdmate"
COMMANDS = (
    "demo", "setup", "serve", "complete", "chat", "explain", "refactor", "actions", "models",
    "config", "doctor", "completion", "stats", "bench", "eval",
)  # fmt: skip

_PAGES = [
    Line("", 0, "usage: herdmate "), Line("help", 0, "usage: herdmate "),
    Line("--help", 0, "examples:"), Line("-h", 0, "usage"), Line("--version", 0, "herdmate "),
    Line("models", 0, "recommend"), Line("config", 0, "HERDMATE_REMOTE_URL"),
    Line("help models pull", 0, "usage: herdmate models pull"),
    Line("help eval fix", 0, "usage: herdmate eval fix"), Line("help nonsense", 2, "", SEE),
    *(Line(f"{name} --help", 0, f"usage: herdmate {name}") for name in COMMANDS),
    *(Line(f"help {name}", 0, "options of every command") for name in COMMANDS),
    *(Line(f"models {name} --help", 0, "usage") for name in
      ["list", "pull", "path", "rm", "recommend", "inspect", "perplexity", "tune"]),
    *(Line(f"config {name} --help", 0, "usage") for name in
      ["show", "get", "set", "unset", "path", "edit"]),
]  # fmt: skip

_MISTYPED = [
    Line("modles", 2, "", "did you mean models?"), Line("explian app.py", 2, "", "explain?"),
    Line("models lst", 2, "", "did you mean list?"), Line("config sett", 2, "", "set?"),
    Line("nonsense", 2, "", "choose from demo, setup"), Line("🐑", 2, "", "there is no command"),
    Line("--verison", 2, "", "did you mean --version?"), Line("--", 0, "usage"),
    Line("models list --jsno", 2, "", "did you mean --json?"),
    Line("explain app.py --intsruction x", 2, "", "did you mean --instruction?"),
    Line("complete", 2, "", "FILE:LINE:COLUMN"), Line("complete app.py:1:1 more", 2, "", "'more'"),
    Line("refactor", 2, "", "required: ACTION"), Line("explain", 2, "", "name a file"),
    Line("refactor simplify", 2, "", "name a file"), Line("models pull", 2, "", "MODEL"),
    Line("models path a b", 2, "", "unexpected argument 'b'"), Line("config get", 2, "", "KEY"),
    Line("completion", 2, "", "SHELL"), Line("completion csh", 2, "", "did you mean zsh?"),
    Line("completion fihs", 2, "", "did you mean fish?"), Line("stats --json --erase", 2, "", SEE),
    Line("--log-level loud models list", 2, "", "choose from"), Line("--set", 2, "", "--set"),
    Line("models list --log-level", 2, "", "expected one argument"),
    Line("serve --tcp 1", 2, "", "removed because anyone could connect"),
    Line("actions --set x", 2, "", "--set KEY=VALUE"),
    Line("explain app.py --max-tokens 0", 2, "", "from 1"),
    Line("explain app.py --context many", 2, "", "whole number"),
    Line("explain app.py --set x", 2, "", "--set KEY=VALUE"),
    Line("config --set rm", 2, "", "--set KEY=VALUE"), Line("--set x=1", 2, "", "no setting x"),
    Line("explain app.py --set x=1", 2, "", "There is no setting x;"),
    Line("explain app.py --set engine.threads=-9", 2, "", "from 0 to 512"),
    Line("explain app.py --set completion.multiline=maybe", 2, "", "auto, always, never"),
    Line("models tune --prompt many", 2, "", "invalid int"), Line("eval", 2, "", "SET"),
    Line("eval fix", 2, "", "SET"), Line("eval typing", 2, "", "FOLDER"),
    Line("bench --only nonsense", 1, "", "no measurement 'nonsense'"),
    Line("bench --shape huge", 2, "", "choice"),
]  # fmt: skip

_PLACES = [
    Line("explain none.py", 1, "", "none.py cannot be read: No such file"),
    Line("explain none.py:3-4", 1, "", "none.py cannot be read"),
    Line("explain folder", 1, "", "folder is a folder; name a file."),
    Line("explain app.py:99", 1, "", "app.py has 5 lines; there is no line 99."),
    Line("explain app.py:99-100", 1, "", "there is no line 99"),
    Line("explain app.py:0", 1, "", "lines count from 1"),
    Line("explain app.py:0-2", 1, "", "lines count from 1"),
    Line("explain app.py:4-2", 1, "", "ends before it starts"),
    Line("explain app.py:a-b", 1, "", "cannot be read"), Line("explain ''", 1, "", "name a file"),
    Line("explain app.py:99999999999999999999", 1, "", "there is no line"),
    Line("explain empty.py", 1, "", "no code on these lines"),
    Line("explain binary.dat", 1, "", "is not text"), Line("explain /dev/null", 1, "", "no code"),
    Line("explain 'a\\0b.py'", 1, "", "*"),
    Line("explain app.py --language pyhton", 1, "", "python?"),
    Line("explain app.py --language xyzzy", 1, "", "choose from"),
    Line("explain - -", 1, "", "read only once"), Line("explain -", 1, "", "input is empty"),
    Line("explain app.py --select 2", 1, "", NO_MODEL),
    Line("explain --select app.py", 1, "", "Write --select FILE:START-END"),
    Line("explain --select none.py:1-2", 1, "", "cannot be read"),
    Line("explain .env", 1, "", "holds secrets"), Line("explain a:bug:.py", 1, "", NO_MODEL),
    Line("explain app.py", 1, "", NO_MODEL), Line("explain app.py:2-999", 1, "", NO_MODEL),
    Line("explain app.py folder", 1, "", "is a folder"), Line("explain latin.py", 1, "", NO_MODEL),
    Line("explain app.py --model nothing", 1, "", "There is no model 'nothing'"),
    Line("explain app.py --model startr", 1, "", "Did you mean starter"),
    Line("explain app.py --model starter", 1, "", "models pull"),
    Line("explain app.py --model ./none.gguf", 1, "", "set --model to an existing one"),
    Line("explain app.py --model folder/", 1, "", "folder"),
    Line("explain app.py --model app.py/x", 1, "", "*"),
    Line("explain app.py --set remote.url=http://127.0.0.1:99999", 1, "", "remote.url must"),
    Line("explain app.py --set remote.url=nonsense", 1, "", "remote.url must be an address"),
    Line("explain app.py --set remote.url=http://127.0.0.1:1", 1, "", "No server answers"),
    Line("explain app.py --action simplify", 1, "", "run `herdmate refactor simplify"),
    Line("explain app.py --action nothing", 1, "", "There is no action 'nothing'"),
    Line("explain app.py --action explain_symbol", 1, "", "FILE:LINE:COLUMN"),
    Line("explain app.py --action explain-diagnostic", 1, "", "--instruction"),
    Line("complete app.py", 1, "", "FILE:LINE:COLUMN"), Line("complete app.py:1", 1, "", "COLUMN"),
    Line("complete app.py:99:1", 1, "", "there is no line 99"),
    Line("complete app.py:6:1", 1, "", NO_MODEL), Line("complete app.py:7:1", 1, "", "no line 7"),
    Line("complete app.py:1:99999", 1, "", NO_MODEL), Line("complete none:1:1", 1, "", "none"),
    Line("complete folder:1:1", 1, "", "is a folder"), Line("complete app.py:1:0", 1, "", "COLUMN"),
]  # fmt: skip

_REFACTORINGS = [
    Line("refactor nothing app.py", 1, "", "There is no action 'nothing'; choose from"),
    Line("refactor simplfy app.py", 1, "", "did you mean simplify?"),
    Line("refactor explain app.py", 1, "", "run `herdmate explain FILE"),
    Line("refactor explain_symbol app.py:2:5", 1, "", "--action explain_symbol"),
    Line("refactor change app.py", 1, "", "change needs to know what to do: --instruction"),
    Line("refactor change app.py --instruction ' '", 1, "", "needs to know what to do"),
    Line("refactor fix app.py", 1, "", "fix needs to know what is wrong: --instruction"),
    Line("refactor fix_all app.py", 1, "", "fix_all needs to know what is wrong"),
    Line("refactor simplify app.py --instruction x", 1, "", "takes no --instruction"),
    Line("refactor rename app.py:5", 1, "", "there is no function on these lines"),
    Line("refactor loop-to-comprehension app.py", 1, "", "no loop on these lines"),
    Line("refactor loop_to_stream app.py", 1, "", "not for Python"),
    Line("refactor document patch.diff", 1, "", NO_MODEL),
    Line("refactor simplify app.py:9-12", 1, "", "there is no line 9"),
    Line("refactor simplify read_only.py --write", 1, "", "read_only.py is read-only"),
    Line("refactor simplify link.py --write", 1, "", "leads through a link"),
    Line("refactor simplify - --write", 1, "", "--write needs a file"),
    Line("refactor simplify app.py app.py --write", 1, "", "name each file only once"),
    Line("refactor simplify empty.py", 1, "", "no code"),
    Line("refactor '' app.py", 1, "", "action"),
    Line("refactor write_tests empty.py", 1, "", "*"),
    Line("refactor simplify app.py", 1, "", NO_MODEL),
    Line("refactor -i simplify app.py", 1, "", "asks about each change on a terminal"),
    Line("refactor -i simplify app.py --json", 2, "", "not allowed with"),
]  # fmt: skip

_MODELS = [
    Line("models list", 0, "codellama-7b", "more can be fetched"),
    Line("models list --all", 0, "codellama-34b-python", "can: ghost text"),
    Line("models list 34b", 0, "codellama-34b", "can: "),
    Line("models list xyzzy", 1, "", "'xyzzy'"),
    Line("models list --json", 0, '"licence"'), Line("-q models list", 0, "starter|qwen2.5"),
    Line("models list -q --no-color", 0, "qwen2.5"), Line("models path", 1, "", NO_MODEL),
    Line("models path starter", 1, "", "models pull"), Line("models path none.gguf", 1, "", "none"),
    Line("models path /dev/null", 1, "", "is not a file"),
    Line("models path folder/", 1, "", "folder"),
    Line("models inspect starter", 1, "", "not on this machine"),
    Line("models inspect none.gguf", 1, "", "no model file"),
    Line("models inspect app.py", 1, "", "is not a GGUF model; use another file"),
    Line("models inspect folder", 1, "", "without a GGUF model"),
    Line("models inspect /dev/zero", 1, "", "is not a file"),
    Line("models inspect old.bin", 1, "", "GGML format"),
    Line("models inspect old.bin --json", 1, "", "GGML"),
    Line("models rm starter", 1, "", "nothing to remove"),
    Line("models rm xyzzy", 1, "", "no model"),
    Line("models rm ./app.py --yes", 1, "", "yours to remove"),
    Line("models rm hf:a/b/c.gguf", 1, "", "never fetched"),
    Line("models pull startr", 1, "", "Did you mean starter"),
    Line("models pull hf:nonsense", 1, "", "hf:OWNER/REPO/FILE.gguf"),
    Line("models pull hf:../../x.gguf", 1, "", "*"),
    Line("models pull ftp://a/b.gguf", 1, "", "https://"),
    Line("models pull https://localhost:99999/a.gguf", 1, "", "not a valid https:// address"),
    Line("models pull https://u:p@localhost/a.gguf", 1, "", "password"),
    Line("models pull https://localhost/a.txt", 1, "", "not a GGUF file"),
    Line("models pull codellama-7b", 1, "Licence", "Add --yes"),
    Line("models tune xyzzy", 1, "", "There is no model"), Line("models tune", 1, "", NO_MODEL),
    Line("models perplexity xyzzy", 1, "", "There is no model 'xyzzy'"),
]  # fmt: skip

_OTHERS = [
    Line("setup", 0, "neovim", "--write adds it"), Line("setup --json", 0, '"helix"'),
    Line("setup helix", 0, "language-server", "It goes into"),
    Line("setup helx", 1, "", "did you mean helix?"), Line("setup xyzzy", 1, "", "it knows"),
    Line("setup helix --write", 1, "+", "*"),
    Line("setup helix --write --file /proc/none/x --yes", 1, "+", "cannot be written"),
    Line("setup helix --write --yes --file folder", 1, "", "cannot be read: Is a directory"),
    Line("actions", 0, "loop_to_comprehension", "*"),
    Line("actions --json", 0, '"kind": "rewrite"'),
    Line("actions --language go", 0, "simplify", "*"), Line("actions --language goo", 1, "", "go?"),
    Line("stats", 0, "*"), Line("stats --json", 0, "*"),
    Line("stats --erase", 0, "nothing to erase"),
    Line("config path", 0, "config.toml"), Line("config show", 0, "engine.threads"),
    Line("config show --json", 0, '"from"'), Line("config get model", 0, "auto"),
    Line("config get modle", 1, "", "did you mean model?"),
    Line("config get herdmate.model", 0, "auto"), Line("config set model ''", 0, "", "*", ("*",)),
    Line("config set remote.url big-machine:8000", 1, "", "remote.url must be an address"),
    Line("config set model codelama-7b", 0, "", "did you mean|Did you mean", ("*",)),
    Line("config set engine.threads x", 1, "", "whole number"),
    Line("config set engine.threads 2", 0, "", "Wrote", ("*",)),
    Line("config unset nothing", 1, "", "There is no setting"),
    Line("config get engine.threads --set engine.threads=3", 0, "3"),
    Line("config get model --model x", 0, "x"),
    Line("completion bash", 0, "herdmate", ".bashrc"), Line("completion fish -q", 0, "herdmate"),
    Line("chat none.py:3", 1, "", "cannot be read"), Line("chat .env why", 1, "", "secrets"),
    Line("chat --saved lost why", 1, "", "no conversation 'lost'"),
    Line("chat why", 1, "", NO_MODEL),
    Line("chat folder why", 1, "", "is a folder"), Line("chat", 2, "", "there is no question"),
    Line("demo none.py", 1, "", "cannot be read"), Line("demo folder", 1, "", "is a folder"),
    Line("demo empty.py", 1, "", "no function"), Line("eval none", 1, "", "does not exist"),
    Line("eval fix none", 1, "", "No such file"), Line("eval typing none", 1, "", "*"),
    Line("eval refactor none", 1, "", "*"), Line("bench none.py", 1, "", "No such file"),
    Line("bench --trace none", 1, "", "cannot be read (No such file"),
    Line("bench app.py", 1, "", "*"), Line("serve --socket folder", 1, "", "not a socket"),
    Line("serve --socket none/x", 1, "", "There is no folder"),
]  # fmt: skip

PAGES = tuple(_PAGES)
LINES = (*_PAGES, *_MISTYPED, *_PLACES, *_REFACTORINGS, *_MODELS, *_OTHERS)

ASKED = (
    Line("explain app.py:1-5", 0, "It **adds**."), Line("explain app.py --json", 0, '"text": "It'),
    Line("explain app.py latin.py", 0, "# latin.py"), Line("explain -", 0, "It", stdin="x = 1\n"),
    Line("explain patch.diff --json", 0, '"action": "explain_diff"'),
    Line("explain app.py --select 1-999", 0, "It"), Line("explain a:bug:.py", 0, "It"),
    Line("refactor simplify app.py", 0, "+    return x + 1"),
    Line("refactor simplify app.py --json", 0, '"written": false'),
    Line("refactor simplify app.py --write", 0, "+    return x", "Wrote", ("app.py",)),
    Line("refactor simplify - --language python", 0, "return x + 1",
         stdin="def total(x):\n    y = x + 1\n    return y\n"),
    Line("complete hole.py:2:12", 0, "1"), Line("complete - --language python", 0, "1",
                                             stdin="def total(x):\n    return "),
    Line("complete hole.py:2:12 --json", 0, '"suggestions"'),
)  # fmt: skip
"""With a model that answers."""
