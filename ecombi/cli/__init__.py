"""The `ecombi` command. Results go to stdout; progress and logs to stderr.

Exit codes
    0   done
    1   a failure nobody foresaw; please report it
    2   wrong usage or bad input: an unknown metric, an impossible period, a wrong parameter, mapping or setting
    3   a source could not be read
    4   a check failed, nothing was published; or the replay of a run gave other results
    5   a report failed, ran out of time, was cancelled, would have shown a secret, or lacks the PDF it requires
    6   a store refused or failed, or nothing has been loaded yet
    75  try again later: a server cannot be reached, or another process is building
    130 stopped by Ctrl-C; 143 by SIGTERM
"""

from __future__ import annotations

import sys

from ecombi.errors import (
    BackendError,
    DataQualityError,
    EcombiError,
    MappingError,
    NotebookFailed,
    PdfNotMade,
    RunCancelled,
    SecretLeaked,
    SourceError,
    Transient,
)

_CODES: tuple[tuple[type[object], int], ...] = (
    (Transient, 75),
    (MappingError, 2),
    (SourceError, 3),
    (DataQualityError, 4),
    (NotebookFailed, 5),
    (RunCancelled, 5),
    (PdfNotMade, 5),
    (SecretLeaked, 5),
    (BackendError, 6),
    (EcombiError, 2),
)


def exit_code(error: EcombiError) -> int:
    """Return the exit code of an error; the first fitting row of the table in this module's docstring."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


def main() -> None:
    """Run the command line and exit."""
    from ecombi.cli.app import app, stopped_by

    try:
        app()
    except (EcombiError, RuntimeError) as error:
        if stopped_by:
            # A signal ends a query of DuckDB with an error of DuckDB's own.
            sys.exit(128 + stopped_by[0])
        if not isinstance(error, EcombiError):
            raise
        sys.stderr.write(f"error: {error}\n")
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`ecombi query … | head`): nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
