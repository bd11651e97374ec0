"""Live in the time that a file tells, and die at a write of the alerts; Python imports this before all else."""

from itertools import count
import os
from pathlib import Path
import runpy
import signal
from threading import Timer

# As in "before 3": the moment, and the number of the write. A moment in seconds comes so long after the write.
MOMENT, _, NUMBER = os.environ.get("KILL", "").partition(" ")

runpy.run_path(str(Path(__file__).parents[3] / "scripts/clock/sitecustomize.py"))

_rename = os.rename
_writes = count(1)


def kill() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def rename(source: str, destination: str, **kwargs: int) -> None:
    """Rename a file, and die if that is the write to die at."""
    die = str(destination).endswith(".alerts") and str(next(_writes)) == NUMBER
    if die and MOMENT == "before":
        kill()
    _rename(source, destination, **kwargs)
    if die and MOMENT == "after":
        kill()
    elif die:
        Timer(float(MOMENT), kill).start()


if MOMENT:
    os.rename = rename  # type: ignore[assignment] # AtomicWriter gives it nothing else
