"""A seeded shop simulator with known truth."""

from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.manifest import Manifest, Total, read_manifest
from ecombi.sources.simulated.simulate import simulate

__all__ = ["Manifest", "ShopConfig", "Total", "read_manifest", "simulate"]
