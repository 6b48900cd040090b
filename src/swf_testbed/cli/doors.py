"""Older ways in: `workflows/workflow_runner.py` and `workflows/send_workflow_command.py`."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from swf_testbed.cli.console import show, show_json
from swf_testbed.cli.main import main
from swf_testbed.cli.reporting import report
from swf_testbed.config.compose import DEFAULT, compose
from swf_testbed.config.environment import settings
from swf_testbed.config.instance import instance_namespace
from swf_testbed.config.overrides import parse_override
from swf_testbed.control.commands import run_workflow, runner_status, stop_workflow
from swf_testbed.control.readiness import connected_bus
from swf_testbed.control.running import workflow_said
from swf_testbed.model.errors import SwfError

_POOL = 32
"""Frames that a fast run makes; the others are these again, as the files say."""

_TIMING = ("physics_period_count", "physics_period_duration", "stf_interval")


def workflow_runner() -> int:
    """The persistent runner, or one run."""
    parser = argparse.ArgumentParser(
        prog="workflow_runner.py", description="Run workflows on command, or one now."
    )
    add = parser.add_argument
    add("--run-once", metavar="NAME", help="take one run of this workflow, wait for it, and end")
    add(
        "--workflow-config",
        metavar="NAME",
        help="run the workflow's code with the configuration NAME.toml instead of its own",
    )
    add("--testbed-config", metavar="FILE", help="instead of testbed.toml")
    add("--stf-count", type=int, help="exactly so many STFs")
    add("--duration", type=float, help="seconds of a physics period")
    add(
        "--realtime",
        action="store_true",
        help="pace by the clock; the default is as fast as possible, with recycled frames unless "
        "simulation.recycle_frames says otherwise",
    )
    for name in _TIMING:
        add(f"--{name.replace('_', '-')}", type=float, help="as in [daq_state_machine]")
    said = parser.parse_args()
    if said.testbed_config:
        os.environ["SWF_TESTBED_CONFIG"] = str(Path(said.testbed_config).absolute())
    if said.run_once is None:
        runner = [sys.executable, "-P", "-m", "swf_testbed.workflows"]
        os.execv(sys.executable, runner)  # noqa: S606  # no shell is wanted
    name = said.workflow_config or said.run_once
    sys.argv = ["testbed", "run", name, "--wait", *_options(said)]
    if not said.realtime and _makes_every_frame(name):
        sys.argv += ["--set", f"simulation.recycle_frames={_POOL}"]
    main()
    return 0


def _makes_every_frame(name: str) -> bool:
    """Whether each frame would be made anew, though nobody asked for it: that takes longer than all else."""
    environment = settings()
    search, testbed_file = environment.workflow_path, environment.swf_testbed_config
    try:
        made = compose(name, environment.swf_home, search=search, testbed_file=testbed_file)
    except SwfError:
        return False  # said by the command itself
    simulation = made.configuration.parameters.simulation
    origin = {value.name: value.origin for value in made.values()}["simulation.recycle_frames"]
    return origin == DEFAULT and simulation.source == "generate" and not simulation.anomalies


def _options(said: argparse.Namespace) -> list[str]:
    values = {f"daq_state_machine.{name}": getattr(said, name) for name in _TIMING}
    if said.duration is not None:
        # A number of STFs in the configuration would come before it.
        values |= {
            "daq_state_machine.stf_count": "none",
            "daq_state_machine.physics_period_duration": said.duration,
        }
    if said.workflow_config:
        values["workflow.name"] = said.run_once
    options = ["--realtime" if said.realtime else "--fast"]
    if said.stf_count is not None:
        options += ["--stf-count", str(said.stf_count)]
    for name, value in values.items():
        if value is not None:
            options += ["--set", f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"]
    return options


def send_workflow_command() -> int:
    """A command to the runner that is up."""
    parser = argparse.ArgumentParser(
        prog="send_workflow_command.py",
        description="Send a command to the workflow runner and show its answer.",
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    run = kinds.add_parser("run", help="start a workflow")
    run.add_argument("name")
    run.add_argument("--realtime", action="store_true", help="pace by the clock")
    run.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="overrides")
    stop = kinds.add_parser("stop", help="end an execution in good order")
    stop.add_argument("execution_id")
    kinds.add_parser("status", help="show what runs")
    said = parser.parse_args()
    environment = settings()
    try:
        namespace = instance_namespace(environment.swf_home, environment.swf_testbed_config)
        with connected_bus(environment) as bus:
            acts: dict[str, Callable[[], None]] = {
                "run": lambda: show(
                    run_workflow(
                        bus,
                        namespace,
                        workflow_said(said.name, environment),
                        realtime=said.realtime,
                        params=dict(parse_override(text) for text in said.overrides),
                    )[0]
                ),
                "stop": lambda: stop_workflow(bus, namespace, said.execution_id),
                "status": lambda: show_json(runner_status(bus, namespace)),
            }
            acts[said.kind]()
    except SwfError as error:
        return report(error)
    return 0
