"""Customer science: scores, cohorts, purchase patterns, journeys, lifetime value."""

from ecombi.customers.catalogue import ANALYSES
from ecombi.customers.facade import Analyse, Customers

__all__ = ["ANALYSES", "Analyse", "Customers"]
