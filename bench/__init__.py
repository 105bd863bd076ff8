"""Microbenchmarks, one file per question (`python -m bench`), see below."""

import sys
from pathlib import Path

# `python -m` puts the source tree first on sys.path, where arbcore has no compiled modules:
# drop it, so that the installed package is the one that is measured.
_ROOT = str(Path(__file__).resolve().parent.parent)
sys.path[:] = [entry for entry in sys.path if entry not in ("", _ROOT)]
