"""Schedules: which report runs when, for whom, and what happens when a run was missed."""
