"""The rows of a workspace that were held back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ecombi.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from ecombi.backends.warehouse import Warehouse
    from ecombi.etl import LoadReport
    from ecombi.workspace.loading import Loading


class Quarantine:
    """Counts, shows and replays the rows held back."""

    def __init__(self, warehouse: Warehouse, loading: Loading) -> None:
        self._warehouse = warehouse
        self._loading = loading

    def summary(self) -> list[dict[str, object]]:
        """Count the rows held back: a record per source, delivery, rule and column, with an example."""
        from ecombi.etl import quarantine

        return list(quarantine.summary(self._warehouse).to_pylist())

    def rows(self, *, source: str | None = None, rule: str | None = None, limit: int = 20) -> list[dict[str, object]]:
        """Return rows held back, as they came, each with the rule it broke and why.

        Raises:
            ConfigurationError: Nobody knows that source, or no row was ever held back for that rule.
        """
        from ecombi.etl import quarantine

        found = list(quarantine.show(self._warehouse, source=source, rule=rule, limit=limit).to_pylist())
        if not found:
            self._check(source, rule)
        return found

    def replay(self, *, source: str | None = None, at: datetime) -> list[LoadReport]:
        """Put the rows held back through their mapping again; those that pass now are loaded and published.

        Args:
            source: Only rows of this source.
            at: Aware; becomes loaded_at of the rows that pass.

        Raises:
            ConfigurationError: Nobody knows that source; or one was never loaded from this folder, so its mapping is
                not known here.
            DataQualityError: A check failed; nothing was published.
        """
        self._check(source)
        return self._loading.replay(source=source, at=at)

    def _check(self, source: str | None, rule: str | None = None) -> None:
        from ecombi.etl import quarantine

        if source is not None and source not in self._loading.sources:
            known = {*self._loading.sources, *quarantine.sources(self._warehouse)}
            if source not in known:
                raise ConfigurationError(f"There is no source {source!r}. {did_you_mean(source, known)}")
        # Where no row was ever held back, no name is wrong.
        if rule is not None and (broken := quarantine.rules(self._warehouse)) and rule not in broken:
            raise ConfigurationError(f"No row was ever held back for a rule {rule!r}. {did_you_mean(rule, broken)}")

    def __repr__(self) -> str:
        held = sum(int(str(group["rows"])) for group in self.summary())
        return f"<{held:,} rows held back; .summary() counts them by rule>"
