"""What a forked kernel does by itself, beside what a plain one has a library do."""

from __future__ import annotations

import pytest
from ipykernel.kernelapp import IPKernelApp
from IPython.core.history import HistoryAccessor

from ecombi.kernels.child import ForkedKernelApp, known_options
from ecombi.server.kernels import KERNEL, OwnPython
from tests.kernels.conftest import SECONDS, Start, is_zygote


def read(kind: type[IPKernelApp], arguments: list[str]) -> dict[str, object]:
    """Every option of an application, and of a history made by it, after it has read these arguments."""
    application = kind()
    application.parse_command_line(arguments)
    history = HistoryAccessor(config=application.config, hist_file=":memory:")
    return {name: getattr(application, name) for name in application.trait_names(config=True)} | {
        "history": history.enabled
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "/tmp/with space.json"],
        ["-f", "c.json", "--InteractiveShellApp.ignore_cwd=True", "--HistoryManager.enabled=False"],
        ["-f", "c.json", *OwnPython().get_kernel_spec(KERNEL).argv[5:]],
        ["-f", "c.json", "--log-level=10"],
    ],
)
def test_our_options_are_read_as_the_library_reads_them(arguments: list[str]) -> None:
    assert known_options(arguments) is not None
    ours = read(ForkedKernelApp, arguments)
    assert ours == read(IPKernelApp, arguments)
    assert ours["connection_file"] == arguments[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f"],
        ["--f=c.json"],
        ["-f", "c.json", "--debug"],
        ["-f", "c.json", "--HistoryManager.hist_file=h"],
        ["-f", "c.json", "--log-level", "ERROR"],
        ["-f", "c.json", "--ext=a", "--ext=b"],
    ],
)
def test_any_other_option_is_left_to_the_library(arguments: list[str]) -> None:
    assert known_options(arguments) is None


def test_an_option_that_only_the_library_knows_holds(shared: Start) -> None:
    kernel = shared("--InteractiveShell.xmode=Minimal")
    assert is_zygote(kernel.parent)
    assert kernel.run("print(get_ipython().InteractiveTB.mode)") == "Minimal"


def test_the_debugger_passes_over_what_was_imported_and_stops_in_a_cell(shared: Start) -> None:
    kernel = shared(preload=["ecombi.errors"])
    assert is_zygote(kernel.parent)
    skipped = "import ecombi.errors; print(ecombi.errors.__file__ in get_ipython().kernel.debugger.kernel_modules)"
    assert kernel.run(skipped) == "True"
    control = kernel.client.control_channel
    sequence = 0

    def ask(command: str, **arguments: object) -> dict:
        nonlocal sequence
        sequence += 1
        content = {"type": "request", "seq": sequence, "command": command, "arguments": arguments}
        message = kernel.client.session.msg("debug_request", content)
        control.send(message)
        while True:
            reply = control.get_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply["content"]

    assert ask("initialize", clientID="test", adapterID="test", pathFormat="path")["success"]
    assert ask("attach")["success"]
    code = "value = 41\nvalue += 1\nprint(value)"
    path = ask("dumpCell", code=code)["body"]["sourcePath"]
    stops = ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": 2}], sourceModified=False)
    assert stops["body"]["breakpoints"][0]["verified"]
    assert ask("configurationDone")["success"]
    kernel.client.execute(code)
    while True:
        heard = kernel.client.get_iopub_msg(timeout=SECONDS)
        if heard["msg_type"] == "debug_event" and heard["content"]["event"] == "stopped":
            thread = heard["content"]["body"]["threadId"]
            break
    frame = ask("stackTrace", threadId=thread)["body"]["stackFrames"][0]
    assert (frame["line"], frame["source"]["path"]) == (2, path)
    assert ask("continue", threadId=thread)["success"]
    assert ask("disconnect", restart=False, terminateDebuggee=False)["success"]
