"""Pieces of a page: tiles, tables, charts, filters. They take figures and words, and know no queries or metrics."""

from ecombi.widgets.files import STATIC

__all__ = ["STATIC"]
