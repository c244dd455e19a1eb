"""`python -m ecombi` is the `ecombi` command."""

from ecombi.cli import main

main()
