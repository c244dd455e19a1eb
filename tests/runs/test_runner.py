"""Running reports as recorded jobs. Real kernels and a real application database throughout."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecombi.errors import NotebookFailed, NotebookMustWait, ParameterError, ReportError, RunConflict, Transient
from ecombi.metrics.policy import Identity
from ecombi.runs.processes import this_process
from ecombi.runs.record import State
from ecombi.runs.runner import Runner, exit_error
from tests.runs.jobs import asked, done, now, open_runner, published, told, wait_until, write_report


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """A runner of a project whose report says and publishes its label."""
    write_report(tmp_path / "project", "print('the label is', label)", "report.publish(label=label, orders=2)")
    with open_runner(tmp_path) as opened:
        yield opened


def files_of(runner: Runner, run_id: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in runner.folders.of(run_id).iterdir()}


def test_a_run_is_recorded_with_its_outputs_and_a_receipt(runner: Runner) -> None:
    seen: list[tuple[str, float]] = []
    run = runner.run(asked(runner, "given").run_id, progress=lambda *step: seen.append(step))

    assert (run.state, run.attempt, run.failure, exit_error(run)) == (State.SUCCEEDED, 1, None, None)
    files = files_of(runner, run.run_id)
    assert set(files) == {"notebook.ipynb", "report.html", "report.xlsx", "result.json", "receipt.json"}
    assert run.outputs == {
        "notebook": "notebook.ipynb",
        "html": "report.html",
        "xlsx": "report.xlsx",
        "result": "result.json",
        "receipt": "receipt.json",
    }
    result = json.loads(files["result.json"])
    assert (result["figures"]["label"]["value"], result["figures"]["orders"]["value"]) == ("given", "2")
    assert "the label is given" in files["report.html"].decode()
    copies = {ending: path.read_bytes() for ending, path in published(run).items()}
    assert copies == {
        ".html": files["report.html"],
        ".ipynb": files["notebook.ipynb"],
        ".json": files["result.json"],
        ".xlsx": files["report.xlsx"],
    }
    receipt = json.loads(files["receipt.json"])
    for output in receipt["outputs"].values():
        assert hashlib.sha256(files[output["file"]]).hexdigest() == output["sha256"]
    assert receipt["parameters"] == {"label": "given"}
    assert receipt["packages"]["papermill"] == "2.7.0"
    assert run.pinned is not None
    assert (receipt["code_version"], receipt["lock_hash"]) == (run.pinned.code_version, run.pinned.lock_hash)
    assert told(runner, run, "output") == ["the label is given"]
    assert [text.split(":")[0] for text in told(runner, run, "state")] == ["queued", "running", "succeeded"]
    assert set(runner.store.expected("tiny")) == {0, 2, 3, 4, 5}
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert seen[-1] == ("report tiny", 1.0)
    assert runner.output(run, "html").read_bytes() == files["report.html"]
    assert runner.describe(run)["-p label"] == "given"
    with pytest.raises(ReportError, match=r"has no pdf\. It has notebook, html"):
        runner.output(run, "pdf")


def test_a_refused_value_is_not_recorded(runner: Runner) -> None:
    with pytest.raises(ParameterError):
        runner.request("tiny", {"lable": "x"}, trigger="report")
    assert runner.store.list() == []


def test_the_same_key_is_run_once(runner: Runner) -> None:
    first, new = runner.request("tiny", {}, trigger="schedule", idempotency_key="monday")
    again, second = runner.request("tiny", {}, trigger="schedule", idempotency_key="monday")
    assert (new, second, again.run_id) == (True, False, first.run_id)
    ended = runner.run_all([first.run_id, again.run_id], workers=2)
    assert [run.state for run in ended] == [State.SUCCEEDED] * 2
    assert ended[0].attempt == 1
    third, new = runner.request("tiny", {}, trigger="schedule", idempotency_key="monday")
    assert (new, third.run_id) == (False, first.run_id)


def test_what_has_ended_can_be_asked_for_again_once(tmp_path: Path) -> None:
    write_report(tmp_path / "project", "assert label != 'bad'")
    with open_runner(tmp_path) as runner:
        good, bad = done(runner, idempotency_key="good"), done(runner, "bad", idempotency_key="bad")
        assert (good.state, bad.state) == (State.SUCCEEDED, State.FAILED)
        assert runner.retry(good.run_id).request.idempotency_key is None
        again = runner.retry(bad.run_id)
        assert again.request.idempotency_key == "bad"
        with pytest.raises(RunConflict, match=f"{again.run_id} has done or is doing the work of {bad.run_id}"):
            runner.retry(bad.run_id)
        assert runner.retry(again.run_id) == again
        assert runner.store.claim(again.run_id, this_process(), at=now())
        with pytest.raises(RunConflict, match=r"is running\. Wait for its end"):
            runner.retry(again.run_id)


def test_runs_of_the_same_outputs_wait_for_each_other(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"import time\nwith open({str(log)!r}, 'a') as file:\n    file.write('<')\ntime.sleep(0.5)\n"
    write_report(tmp_path / "project", f"{code}with open({str(log)!r}, 'a') as file:\n    file.write('>')")
    with open_runner(tmp_path) as runner:
        ended = runner.run_all([asked(runner).run_id for _ in range(3)], workers=3)
        assert [run.state for run in ended] == [State.SUCCEEDED] * 3
    assert log.read_text() == "<><><>"


def test_a_run_that_waits_longer_than_its_deadline_is_given_up(tmp_path: Path) -> None:
    write_report(tmp_path / "project", "import time; time.sleep(5)")
    with open_runner(tmp_path) as runner:
        first, second = asked(runner), asked(runner, deadline=1)
        thread = threading.Thread(target=runner.run, args=[first.run_id])
        thread.start()
        assert wait_until(lambda: runner.store.get(first.run_id).state is State.RUNNING)
        given_up = runner.run(second.run_id)
        thread.join()
        assert (given_up.state, given_up.attempt) == (State.CANCELLED, 0)
        assert told(runner, second, "note")[0].startswith("It waited 1 seconds for another run of ")
        assert runner.store.get(first.run_id).state is State.SUCCEEDED


def test_an_error_that_may_pass_is_tried_again(tmp_path: Path) -> None:
    busy = f"from pathlib import Path\nfrom ecombi.errors import WarehouseBusy\nseen = Path({str(tmp_path / 'seen')!r})"
    twice = "seen.write_text(seen.read_text() + 'x' if seen.exists() else 'x')\nif len(seen.read_text()) < 3:\n"
    write_report(tmp_path / "project", busy, f"{twice}    raise WarehouseBusy('Somebody is building.')")
    with open_runner(tmp_path) as runner:
        run = done(runner)
        assert (run.state, run.attempt, run.failure) == (State.SUCCEEDED, 3, None)
        states = [text.split(":")[0] for text in told(runner, run, "state")]
        assert states == ["queued", "running", "queued", "running", "queued", "running", "succeeded"]
        assert not (run.request.folder / "tiny.failed.ipynb").exists()

        (tmp_path / "seen").unlink()
        failed = done(runner, attempts=2)
        assert (failed.state, failed.attempt) == (State.FAILED, 2)
        error = exit_error(failed)
        assert isinstance(error, NotebookMustWait)
        assert isinstance(error, Transient)
        assert "cell 5 failed: Somebody is building." in str(error)


def test_an_error_that_stays_is_not_tried_again_and_is_shown_with_its_cell(tmp_path: Path) -> None:
    write_report(tmp_path / "project", "print(label)", "1 / (0 if label == 'bad' else 1)")
    with open_runner(tmp_path) as runner:
        good = done(runner)
        before = {ending: path.read_bytes() for ending, path in published(good).items()}
        bad = done(runner, "bad")
        assert (bad.state, bad.attempt) == (State.FAILED, 1)
        error = exit_error(bad)
        assert isinstance(error, NotebookFailed)
        assert (error.cell, error.source) == (5, "1 / (0 if label == 'bad' else 1)")
        kept = good.request.folder / "tiny.failed.ipynb"
        assert str(error) == (
            "Report tiny: cell 5 failed: ZeroDivisionError: division by zero\n\n"
            f"    1 / (0 if label == 'bad' else 1)\n\nThe notebook up to there is kept as {kept}"
        )
        assert set(files_of(runner, bad.run_id)) == {"failed.ipynb", "receipt.json"}
        after = {ending: path.read_bytes() for ending, path in published(good).items()}
        assert after == {**before, ".failed.ipynb": files_of(runner, bad.run_id)["failed.ipynb"]}

        again = runner.run(runner.retry(bad.run_id).run_id)
        assert (again.request.source_run, again.request.trigger, again.state) == (bad.run_id, "retry", State.FAILED)
        done(runner)
        assert set(published(good)) == set(before)


def test_a_secret_in_an_output_fails_the_run_and_nothing_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "correct-horse-battery"
    monkeypatch.setenv("ECOMBI_SECRET_SHOP", value)
    leak = "print(reveal(label))\nif fails: raise ValueError(reveal(label))"
    write_report(tmp_path / "project", leak, parameters='label: Secret = "secret://shop"\nfails: bool = False')
    with open_runner(tmp_path) as runner:
        for fails in (False, True):
            run, _ = runner.request("tiny", {"fails": fails}, trigger="report")
            run = runner.run(run.run_id)
            assert run.state is State.FAILED
            assert run.failure is not None
            assert run.failure.kind == "SecretLeaked"
            assert "secret://shop" in run.failure.message
            assert told(runner, run, "output") == ["[secret://shop]"]
            assert not runner.folders.of(run.run_id).exists()
            assert list(run.request.folder.iterdir()) == []
    for path in (tmp_path / "shop").rglob("*"):
        assert path.is_dir() or value.encode() not in path.read_bytes()


def test_a_secret_printed_in_parts_is_not_recorded_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMBI_SECRET_SHOP", "correct-horse-battery")
    parts = "for start in range(0, 21, 7): print(value[start:start + 7])"
    code = f"value = reveal(label)\nprint('begin')\n{parts}\nprint('end')"
    write_report(tmp_path / "project", code, parameters='label: Secret = "secret://shop"')
    with open_runner(tmp_path) as runner:
        run = runner.run(runner.request("tiny", {}, trigger="report")[0].run_id)
        assert run.failure is not None
        assert run.failure.kind == "SecretLeaked"
        lines = "\n".join(told(runner, run, "output")).splitlines()
        assert (lines[0], lines[-1]) == ("begin", "end")
        assert "battery" not in lines
        assert "[A line with a part of a secret is not shown.]" in lines


def test_a_value_of_a_secret_is_no_parameter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMBI_SECRET_SHOP", "correct-horse-battery")
    write_report(tmp_path / "project", "print(label)", parameters='label: str = ""\nmore: list[str] = []')
    with open_runner(tmp_path) as runner:
        for given in ({"label": "me:correct-horse-battery"}, {"more": ["x", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"]}):
            with pytest.raises(ParameterError, match="holds the value of secret://shop, and parameters are recorded"):
                runner.request("tiny", given, trigger="report")
        assert runner.store.list() == []
        assert runner.request("tiny", {"label": "a correct horse"}, trigger="report")[1]


def test_an_identity_reaches_the_kernel_and_the_name_of_its_outputs(tmp_path: Path) -> None:
    code = "import ecombi\nws = ecombi.open_workspace()\nprint(ws.identity.name, ws.identity.allowed)"
    write_report(tmp_path / "project", code)
    france = Identity.of("france", countries=["FR"])
    with open_runner(tmp_path) as runner:
        run = done(runner, identity=france)
        assert told(runner, run, "output") == [f"france {france.allowed}"]
        assert run.request.stem == f"tiny-{france.policy_hash}"
        assert set(published(run)) == {".html", ".ipynb", ".json"}
        assert told(runner, done(runner), "output") == ["owner ()"]


def test_the_oldest_run_comes_next(runner: Runner) -> None:
    first, second = asked(runner, "first"), asked(runner, "second", out=runner.settings.workspace / "elsewhere")
    ended = [runner.run_next(), runner.run_next(), runner.run_next()]
    assert [run and run.run_id for run in ended] == [first.run_id, second.run_id, None]


def test_old_runs_are_pruned_with_their_code(runner: Runner, tmp_path: Path) -> None:
    old = done(runner)
    old_files = set((runner.folders.root / "code").iterdir())
    write_report(tmp_path / "project", "print('changed')")
    new = done(runner)
    assert old.ended_at is not None
    assert new.started_at is not None
    assert runner.prune(before=new.started_at) == [old.run_id]
    assert not runner.folders.of(old.run_id).exists()
    assert runner.folders.of(new.run_id).exists()
    assert new.pinned is not None
    assert runner.code.has(new.pinned.code_version)
    assert len(old_files - set((runner.folders.root / "code").iterdir())) == 1
