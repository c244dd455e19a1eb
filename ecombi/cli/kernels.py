"""`ecombi kernels`: kernels for JupyterLab that start with everything imported."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Kernels that are forked from a process with the imports done.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _commands() -> None:
    """Keep `install` a command of its own while it is the only one."""


@app.command()
def install() -> None:
    """Let JupyterLab, papermill and Voila of this environment know the kernel named ecombi. Prints its file."""
    from ecombi.kernels import install as install_spec

    typer.echo(install_spec())
