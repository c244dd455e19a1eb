"""Where a dashboard asks: each question once for each snapshot, however many tiles want the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecombi.dashboards.question import Question
from ecombi.errors import EmptyWarehouse
from ecombi.schema.periods import Grain, Period
from ecombi.schema.shop import Shop
from ecombi.workspace import Workspace

if TYPE_CHECKING:
    from ecombi.backends.warehouse import Snapshot
    from ecombi.metrics.query import MetricQuery
    from ecombi.metrics.result import Result

_KEPT = 256


class Desk:
    """Asks one workspace.

    Args:
        workspace: Whose figures.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._snapshot: Snapshot | None = None
        self._answers: dict[object, Result] = {}
        self._values: dict[str, list[str]] = {}
        self._coverage: Period | None = None

    def turn(self) -> bool:
        """Look whether a new snapshot was published; returns whether there is one, and forgets the old answers then.

        Raises:
            EmptyWarehouse: Nothing has been loaded.
        """
        now = self.workspace.snapshot
        if now is None:
            raise EmptyWarehouse("Nothing has been loaded yet. Start with: ecombi load")
        if now == self._snapshot:
            return False
        self._answers.clear()
        self._values.clear()
        self._coverage = None
        self._snapshot = now
        return True

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot the answers are of, as of the last `turn`."""
        if self._snapshot is None:
            raise EmptyWarehouse("Nothing has been read yet.")
        return self._snapshot

    @property
    def asked(self) -> list[MetricQuery]:
        """The questions there are answers to."""
        return [answer.passport.query for answer in self._answers.values()]

    @property
    def shop(self) -> Shop:
        """Whose figures."""
        return self.workspace.shop

    @property
    def coverage(self) -> Period:
        """The days there are."""
        if self._coverage is None:
            self._coverage = self.workspace.coverage
        return self._coverage

    def values(self, dimension: str) -> list[str]:
        """Return the known values of a dimension, in order."""
        if dimension not in self._values:
            self._values[dimension] = self.workspace.values(dimension)
        return self._values[dimension]

    def ask(
        self,
        question: Question,
        metrics: Sequence[str],
        *,
        by: Sequence[str] = (),
        grain: Grain | None = None,
        alone: bool = False,
    ) -> Result:
        """Ask for figures; a series has every time bucket there is.

        Args:
            question: Days, comparison and filters.
            metrics: Names.
            by: Dimensions.
            grain: Width of a time bucket; None for none.
            alone: Without the comparison.
        """
        compare = None if alone else question.compare
        filters = (tuple(sorted(question.where.items())), tuple(sorted(question.without.items())))
        key = (tuple(metrics), tuple(by), grain, question.period, question.basis, compare, filters)
        if key not in self._answers:
            if len(self._answers) >= _KEPT:
                self._answers.clear()
            self._answers[key] = self.workspace.query(
                metrics,
                by=by,
                grain=grain,
                start=question.period.start,
                end=question.period.end,
                basis=question.basis,
                compare=compare,
                where=question.where,
                without=question.without,
                fill=grain is not None and not by,
            )
        return self._answers[key]
