"""Files a merchant exports, read through a declarative mapping: CSV, Excel, Parquet and plain columns of text."""

from __future__ import annotations

from ecombi.sources.files.loading import find_mapping, mapping_names, parse_mapping, read_mapping
from ecombi.sources.files.mapping import Mapping
from ecombi.sources.files.source import FileSource

__all__ = ["FileSource", "Mapping", "find_mapping", "mapping_names", "parse_mapping", "read_mapping"]
