"""What can be wrong with a model."""

from __future__ import annotations

from ecombi.errors import EcombiError


class ModelError(EcombiError):
    """A model cannot be fitted or used."""


class NotEnoughHistoryError(ModelError):
    """Too little has happened yet for a model to learn from."""
