"""The range of goods the simulated shop chooses its products from: names, codes and prices, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Item:
    """One article that comes in sizes and colours.

    `pounds` is the price of the first size; each size is (name, code, price factor), each colour (name, code).
    """

    name: str
    code: str
    pounds: int
    sizes: tuple[tuple[str, str, float], ...]
    colours: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A group of items with the truth about it.

    Attributes:
        name: Display name.
        return_probability: That one unit sold comes back.
        cost_share: Mean cost as a share of the price.
        elasticity: A price one percent higher takes this many percent off the product's share of demand.
        peak: Day of the year of its best season.
        swing: How far demand swings around its mean over the year, 0 to 1.
        items: What is in it.
    """

    name: str
    return_probability: float
    cost_share: float
    elasticity: float
    peak: int
    swing: float
    items: tuple[Item, ...]


_ONE: Final = (("", "", 1.0),)
_PLAIN: Final = (("", ""),)
_BED: Final = (("double", "DB", 1.0), ("single", "SG", 0.78), ("king", "KG", 1.16), ("super king", "SK", 1.32))
_THROW: Final = (("single", "SG", 1.0), ("double", "DB", 1.45))
_LINEN: Final = (("oat", "OAT"), ("chalk", "CHK"), ("sage", "SAG"), ("slate", "SLT"), ("rose", "ROS"))
_WOOL: Final = (("grey", "GR"), ("herringbone", "HB"), ("moss", "MS"), ("rust", "RU"), ("cream", "CR"))
_GLAZE: Final = (("sand", "SND"), ("ink", "INK"), ("fern", "FRN"), ("white", "WHT"), ("ochre", "OCH"))
_BATH: Final = (("white", "WHT"), ("stone", "STN"), ("sea", "SEA"), ("clay", "CLY"), ("dusk", "DSK"))
_LAMP: Final = (("oak", "OAK"), ("black", "BLK"), ("brass", "BRS"), ("white", "WHT"))
_PAN: Final = (("24 cm", "24", 1.0), ("20 cm", "20", 0.82), ("28 cm", "28", 1.24))
_STORE: Final = (("small", "S", 1.0), ("medium", "M", 1.35), ("large", "L", 1.8))
_CUSHION: Final = (("45 cm", "45", 1.0), ("60 cm", "60", 1.4))
_CURTAIN: Final = (("short", "SH", 1.0), ("long", "LG", 1.38))

CATEGORIES: Final = (
    Category(
        name="Bed linen", return_probability=0.075, cost_share=0.40, elasticity=1.4, peak=15, swing=0.20,
        items=(
            Item("Linen duvet cover", "LDC", 115, _BED, _LINEN),
            Item("Cotton sheet set", "CSS", 72, _BED, _LINEN),
            Item("Washed pillowcase pair", "WPP", 28, _ONE, _LINEN),
            Item("Quilted bedspread", "QBS", 98, _BED, _LINEN[:3]),
            Item("Wool duvet", "WDV", 125, _BED, _PLAIN),
            Item("Down pillow", "DPL", 45, (("soft", "SF", 1.0), ("firm", "FM", 1.1)), _PLAIN),
        ),
    ),
    Category(
        name="Throws and blankets", return_probability=0.055, cost_share=0.46, elasticity=1.6, peak=335, swing=0.45,
        items=(
            Item("Wool throw", "WTH", 80, _ONE, _WOOL),
            Item("Merino blanket", "MBL", 105, _THROW, _WOOL),
            Item("Cotton waffle blanket", "CWB", 58, _THROW, _LINEN),
            Item("Mohair throw", "MTH", 135, _ONE, _WOOL),
            Item("Picnic blanket", "PBL", 48, _THROW, _WOOL[1:]),
            Item("Bouclé throw", "BTH", 66, _ONE, _LINEN),
        ),
    ),
    Category(
        name="Tableware", return_probability=0.045, cost_share=0.43, elasticity=1.8, peak=345, swing=0.30,
        items=(
            Item("Ceramic dinner set", "CDS", 139, (("12 pieces", "12", 1.0), ("16 pieces", "16", 1.3)), _GLAZE),
            Item("Stoneware mug", "SMG", 34, (("set of 4", "04", 1.0), ("set of 2", "02", 0.55)), _GLAZE),
            Item("Pasta bowl", "PBW", 46, (("set of 4", "04", 1.0), ("set of 6", "06", 1.42)), _GLAZE),
            Item("Serving platter", "SPL", 38, _STORE[1:], _GLAZE),
            Item("Wine glass", "WGL", 42, (("set of 4", "04", 1.0), ("set of 6", "06", 1.4)), _PLAIN),
            Item("Linen napkin", "LNP", 26, (("set of 4", "04", 1.0), ("set of 8", "08", 1.85)), _LINEN),
            Item("Table runner", "TRN", 36, _ONE, _LINEN),
            Item("Salad bowl", "SBW", 44, _STORE[:2], _GLAZE),
        ),
    ),
    Category(
        name="Cookware", return_probability=0.030, cost_share=0.50, elasticity=1.5, peak=320, swing=0.22,
        items=(
            Item("Cast iron casserole", "CIC", 119, _PAN, _GLAZE[:3]),
            Item("Carbon steel pan", "CSP", 62, _PAN, _PLAIN),
            Item("Stainless saucepan", "SSP", 54, _PAN, _PLAIN),
            Item("Roasting tin", "RTN", 39, _STORE, _PLAIN),
            Item("Oak chopping board", "OCB", 32, _STORE, _PLAIN),
            Item("Chef's knife", "CKN", 68, (("20 cm", "20", 1.0), ("16 cm", "16", 0.85)), _PLAIN),
            Item("Baking dish", "BKD", 28, _STORE, _GLAZE),
        ),
    ),
    Category(
        name="Bath", return_probability=0.065, cost_share=0.37, elasticity=1.7, peak=40, swing=0.12,
        items=(
            Item("Cotton towel bundle", "CTB", 50, (("6 pieces", "06", 1.0), ("4 pieces", "04", 0.72)), _BATH),
            Item("Bath sheet", "BSH", 34, _ONE, _BATH),
            Item("Waffle robe", "WRB", 75, _STORE, _BATH),
            Item("Bath mat", "BMT", 26, _STORE[:2], _BATH),
            Item("Linen shower curtain", "LSC", 49, _ONE, _BATH),
            Item("Soap dish", "SDH", 16, _ONE, _GLAZE),
            Item("Hand towel", "HTW", 14, _ONE, _BATH),
        ),
    ),
    Category(
        name="Lighting", return_probability=0.090, cost_share=0.45, elasticity=1.2, peak=310, swing=0.28,
        items=(
            Item("Table lamp", "TLP", 90, _ONE, _LAMP),
            Item("Floor lamp", "FLP", 165, _ONE, _LAMP),
            Item("Pendant light", "PDL", 110, _STORE, _LAMP),
            Item("Wall light", "WLT", 78, _ONE, _LAMP),
            Item("Reading lamp", "RLP", 59, _ONE, _LAMP),
            Item("Paper shade", "PSH", 32, _STORE, _PLAIN),
            Item("Candle holder", "CHD", 24, _STORE, _LAMP),
        ),
    ),
    Category(
        name="Cushions and curtains", return_probability=0.110, cost_share=0.39, elasticity=1.5, peak=95, swing=0.15,
        items=(
            Item("Linen cushion", "LCU", 38, _CUSHION, _LINEN),
            Item("Velvet cushion", "VCU", 42, _CUSHION, _WOOL),
            Item("Wool cushion", "WCU", 46, _CUSHION, _WOOL),
            Item("Linen curtain pair", "LCP", 128, _CURTAIN, _LINEN),
            Item("Blackout curtain pair", "BCP", 98, _CURTAIN, _LINEN),
            Item("Seat pad", "SPD", 24, _ONE, _LINEN),
            Item("Floor cushion", "FCU", 72, _ONE, _LINEN),
        ),
    ),
    Category(
        name="Storage", return_probability=0.035, cost_share=0.41, elasticity=2.0, peak=10, swing=0.25,
        items=(
            Item("Seagrass basket", "SGB", 32, _STORE, _PLAIN),
            Item("Laundry hamper", "LHP", 64, _STORE[1:], _LINEN),
            Item("Oak peg rail", "OPR", 44, _STORE, _PLAIN),
            Item("Felt box", "FBX", 22, _STORE, _WOOL),
            Item("Enamel canister", "ENC", 26, _STORE, _GLAZE),
            Item("Storage trunk", "STK", 98, _STORE[:2], _LAMP),
            Item("Wire shelf", "WSH", 85, _STORE[:2], _LAMP),
            Item("Shoe bench", "SBN", 145, _ONE, _LAMP),
        ),
    ),
)  # fmt: skip

BESTSELLERS: Final = (
    "LDC-DB-OAT", "WTH-HB", "CDS-12-SND", "MBL-SG-GR", "CTB-06-WHT", "CIC-24-SND", "TLP-OAK", "SMG-04-SND",
)  # fmt: skip
"""The most popular products, first to last; the rest follow by lot."""
