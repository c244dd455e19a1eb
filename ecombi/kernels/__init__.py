"""Kernels that are forked from a process in which everything they need is imported already."""

from __future__ import annotations

from ecombi.kernels.spec import install

__all__ = ["install"]
