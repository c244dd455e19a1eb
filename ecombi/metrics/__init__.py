"""Metrics, each defined once: a registry of literals, a planner, results that explain themselves."""

from __future__ import annotations

from ecombi.metrics.catalogue import CATALOGUE

__all__ = ["CATALOGUE"]
