"""``python -m herdmate`` is the same as the ``herdmate`` command."""

from herdmate.cli import main

raise SystemExit(main())
