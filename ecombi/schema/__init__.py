"""Names and types every layer shares: tables, ledger kinds, periods. No behaviour beyond dates."""
