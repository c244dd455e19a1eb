"""Where the style sheets and scripts are."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parent / "static"
