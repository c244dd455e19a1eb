"""What `dashboard_queries.py` measures: a shop to ask, questions, and the clock."""
