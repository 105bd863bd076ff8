"""Message fixtures; tests built on them skip with a visible reason where they are not at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures"


def fixture(venue: str, name: str) -> Any:
    path = FOLDER / venue / f"{name}.json"
    if not path.exists():
        pytest.skip(f"fixture {venue}/{name}.json is not at hand")
    return json.loads(path.read_text())
