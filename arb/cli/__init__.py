"""The command line: one module per verb, imported when it is called. `arb.cli:main` is the entry point."""

from arb.cli._main import main, run

__all__ = ["main", "run"]
