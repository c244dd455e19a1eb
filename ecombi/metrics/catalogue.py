"""The catalogue: every metric and dimension by name, with completion, search and descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ecombi.errors import MetricError, UnknownDimensionError, UnknownMetricError, did_you_mean
from ecombi.metrics import markup
from ecombi.metrics.areas import DIMENSIONS, METRICS
from ecombi.metrics.definitions import Metric
from ecombi.metrics.dimensions import Dimension


class Catalogue(Mapping[str, Metric]):
    """Metrics by name, as a mapping and as attributes.

    `catalogue["net_sales"]` and `catalogue.net_sales` are one metric; `catalogue.dimensions` holds what to cut them by.
    """

    def __init__(self, metrics: Mapping[str, Metric], dimensions: Mapping[str, Dimension]) -> None:
        self._metrics = dict(metrics)
        self.dimensions: Mapping[str, Dimension] = dict(dimensions)

    def __getitem__(self, name: str) -> Metric:
        """Return a metric by name.

        Raises:
            UnknownMetricError: No such metric; the message names the nearest ones.
        """
        try:
            return self._metrics[name]
        except KeyError:
            raise UnknownMetricError(f"Unknown metric {name!r}. {did_you_mean(name, self._metrics)}") from None

    def __getattr__(self, name: str) -> Metric:
        # Only called for what is no attribute. Notebooks probe for many names, so the error must be the usual one.
        found = self.__dict__.get("_metrics", {}).get(name)
        if found is None:
            raise AttributeError(f"Unknown metric {name!r}. {did_you_mean(name, self.__dict__.get('_metrics', {}))}")
        metric: Metric = found
        return metric

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._metrics]

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def dimension(self, name: str) -> Dimension:
        """Return a dimension by name.

        Raises:
            UnknownDimensionError: No such dimension; the message names the nearest ones.
        """
        try:
            return self.dimensions[name]
        except KeyError:
            raise UnknownDimensionError(f"Unknown dimension {name!r}. {did_you_mean(name, self.dimensions)}") from None

    def search(self, text: str) -> list[Metric]:
        """Return the metrics whose name, label, description, formula or owner has every word of `text`, names first."""
        words = text.lower().split()

        def haystack(metric: Metric) -> str:
            return " ".join([metric.name, metric.label, metric.description, metric.formula, metric.owner]).lower()

        found = [metric for metric in self.values() if all(word in haystack(metric) for word in words)]
        return sorted(found, key=lambda m: not all(word in f"{m.name} {m.label}".lower() for word in words))

    def with_metrics(self, *metrics: Metric) -> Catalogue:
        """Return a catalogue with further metrics.

        Raises:
            MetricError: A name is taken already, by a metric or a dimension.
        """
        for metric in metrics:
            if metric.name in self or metric.name in self.dimensions:
                raise MetricError(f"There is a {metric.name} already. Give the new metric another name.")
        return Catalogue({**self, **{metric.name: metric for metric in metrics}}, self.dimensions)

    def built_on(self, name: str) -> list[Metric]:
        """Return the metrics that are computed from one, directly or through others.

        Raises:
            UnknownMetricError: No such metric.
        """
        return [metric for metric in self.values() if self[name] in _parts(metric)]

    def describe(self, name: str) -> str:
        """Return what a metric means, as plain text.

        Raises:
            UnknownMetricError: No such metric.
        """
        return self[name].describe()

    def records(self) -> list[dict[str, str]]:
        """Return one plain record per metric, for tables and JSON."""
        return [
            {
                "name": metric.name,
                "label": metric.label,
                "unit": metric.unit.value,
                "direction": metric.direction.value,
                "formula": metric.formula,
                "description": metric.description,
                "null_rule": metric.null_rule,
                "definition_version": str(metric.definition_version),
                "owner": metric.owner,
                "example": metric.example,
                "lineage": metric.lineage,
                "tables": ", ".join(sorted({m.mart.table.name for m in metric.measures()})),
                "source": metric.source,
            }
            for metric in self.values()
        ]

    def _repr_html_(self) -> str:
        metrics = [[m.label, m.name, m.unit.value, m.formula, m.description] for m in self.values()]
        dimensions = [[d.label, d.name, d.description] for d in self.dimensions.values()]
        return markup.framed(
            markup.table(["Metric", "Name", "Unit", "Formula", "What counts"], metrics)
            + markup.table(["Dimension", "Name", "Values"], dimensions)
        )


def _parts(metric: Metric) -> Iterator[Metric]:
    for part in metric.parts:
        yield part
        yield from _parts(part)


CATALOGUE: Final = Catalogue(METRICS, DIMENSIONS)
"""Everything there is."""
