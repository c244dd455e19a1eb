"""The dashboard server: Voila in this process, with our own page, routes and manners."""

from ecombi.server.serve import serve

__all__ = ["serve"]
