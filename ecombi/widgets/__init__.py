"""Pieces of a page: tiles, tables, charts, filters. They take figures and words, and know neither queries nor metrics."""

from ecombi.widgets.files import STATIC

__all__ = ["STATIC"]
