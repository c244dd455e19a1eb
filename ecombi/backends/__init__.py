"""Stores: where loaded data lives, embedded or on a server."""
