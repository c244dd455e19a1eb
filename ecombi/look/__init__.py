"""The look that dashboards and reports share: colours, type and spaces, as custom properties of CSS."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def tokens() -> Path:
    """Return the style sheet that every other one draws on; its folder holds nothing else."""
    return Path(str(files(__name__))) / "static" / "tokens.css"
