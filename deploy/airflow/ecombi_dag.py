"""An Airflow DAG that runs the nightly pipeline of a shop, and the weekly one on Mondays: the commands cron would run.

It goes into Airflow's folder of DAGs, on workers that have `ecombi` on their path and ECOMBI_WORKSPACE set, as an
absolute path. It is written for Airflow 3 with its standard provider; docs/how-to/cron-and-airflow.md explains the exit
codes.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

ZONE = "Europe/London"
TRY_AGAIN = 75

# The date that the shop's clocks show when the run is due. `{{ ds }}` is a date in UTC, and with some timetables the
# day before.
AS_OF = "{{ data_interval_end.in_timezone('" + ZONE + "') | ds }}"


@task(retries=6, retry_delay=timedelta(minutes=10))
def ecombi(*arguments: str) -> None:
    """Run a command; only what may pass by itself is tried again."""
    ended = SubprocessHook().run_command(["ecombi", *arguments])
    if ended.exit_code == TRY_AGAIN:
        raise AirflowException("A server cannot be reached, or another load is running. It is tried again.")
    if ended.exit_code:
        raise AirflowFailException(f"ecombi ended with exit code {ended.exit_code}; the log above says why.")


@dag(
    schedule="30 5 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz=ZONE),
    # A nightly run loads and reports all there is, so the days before it need no run of their own.
    catchup=False,
    max_active_runs=1,
)
def ecombi_nightly() -> None:
    """Load, publish, and report on the day before."""
    ecombi("run", "nightly", "--as-of", AS_OF)


@dag(schedule="30 6 * * mon", start_date=pendulum.datetime(2026, 1, 1, tz=ZONE), catchup=False, max_active_runs=1)
def ecombi_weekly() -> None:
    """Report on the week before."""
    ecombi("run", "weekly", "--as-of", AS_OF)


ecombi_nightly()
ecombi_weekly()
