"""The sales dashboard: what was sold, where, through which channel, and what of it."""
