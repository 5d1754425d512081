"""The time that `make run` takes to be ready, with everything installed."""

import tempfile
import time
from pathlib import Path

from bench.figures import Run
from bench.machine import cores_used
from bench.stage import Stage
from tests.support.programs.ports import free_port
from tests.support.programs.processes import Process, nest
from tests.support.waiting import eventually


async def start(stage: Stage) -> Run:
    """Cold: an empty NEST_HOME. Warm: the second start on the same one."""
    del stage
    with tempfile.TemporaryDirectory(prefix="nest-bench-") as home:
        cold, cores = await _once(Path(home))
        warm, _ = await _once(Path(home))
    return Run(figures={"cold": cold, "warm": warm}, cores=cores)


async def _once(home: Path) -> tuple[float, dict[str, float]]:
    """Seconds from the command to the first 200 of /readyz."""
    port = free_port()
    environ = {"PORT": str(port), "NEST_HOME": str(home / "nest"), "NEST_LOG_LEVEL": "warning"}
    began = time.perf_counter()
    with Process(*nest("run"), environ=environ, port=port) as stack:
        with cores_used({"stack": stack.pid}) as cores:
            await eventually(stack.is_ready, 60)
            took = time.perf_counter() - began
        return took, cores
