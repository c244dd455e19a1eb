"""Runs of reports: recorded, repeatable, one at a time per output, found again after a crash."""
