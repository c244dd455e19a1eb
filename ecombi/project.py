"""Where the project's notebooks, dashboards, pipelines and parameters are."""

from __future__ import annotations

from pathlib import Path

from ecombi.errors import ConfigurationError

_FOLDERS = ("notebooks", "dashboards", "pipelines", "parameters")


def project_root(configured: Path | None = None) -> Path:
    """Return the folder that holds notebooks/, dashboards/, pipelines/ and parameters/.

    Looked for, in this order: `configured`, the checkout ecombi is installed from, the copy inside the package.

    Raises:
        ConfigurationError: `configured` lacks one of the folders.
    """
    package = Path(__file__).resolve().parent
    if configured is not None:
        missing = [name for name in _FOLDERS if not (configured / name).is_dir()]
        if missing:
            raise ConfigurationError(f"ECOMBI_PROJECT is {configured}, which has no folder {', '.join(missing)}.")
        return configured.resolve()
    checkout = package.parent
    return checkout if (checkout / "notebooks").is_dir() else package / "project"
