"""Change the code in many small ways, one at a time in a copy, and score how many changes the tests notice.

Ends with 1 if the score is below the minimum.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Sequence
import os
from pathlib import Path
import shutil
import signal
import sys
from tempfile import TemporaryDirectory
from typing import Any, override
from unittest.mock import patch

from hypothesis import Phase, settings
import libcst as cst
from libcst.matchers import Name, matches
from mutmut import __main__ as mutmut
from mutmut.configuration import config, reset_config
from mutmut.mutation import file_mutation
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.runners.harness import PytestRunner
from mutmut.utils.file_utils import change_cwd, walk_mutatable_files
from mutmut.workers import isolation
import pytest

ROOT = Path(__file__).parents[1]
INTEGRATION = "custom_components/smsbox"
MINIMUM = 0.95
# The exit codes of pytest if a test failed, if pytest itself failed, and if it took too long. mutmut also counts -1 as
# too long, but that is what it gives if pytest could not be started.
KILLED = {1, 3, -signal.SIGXCPU, -signal.SIGKILL}
ARRANGE: Callable[..., Any] = file_mutation.function_trampoline_arrangement


class Visitor(file_mutation.MutationVisitor):
    """Makes mutmut change functions with decorators too, which it would skip."""

    @override
    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        return super()._skip_node_and_children(
            node.with_changes(decorators=[]) if isinstance(node, cst.FunctionDef) else node
        )


def arrange(*arguments: Any, **named: Any) -> tuple[Sequence[Any], ...]:
    """Return mutmut's copies of a function; only the one that is called keeps its decorators."""
    declarations, (called, *copies), assignments, names = ARRANGE(*arguments, **named)
    return declarations, [called, *map(_undecorated, copies)], assignments, names


def _undecorated(function: cst.FunctionDef) -> cst.FunctionDef:
    """Return a function without its decorators, except those that define its first argument."""
    kept = [one for one in function.decorators if matches(one.decorator, Name("classmethod") | Name("staticmethod"))]
    return function.with_changes(decorators=kept)


class Selection:
    """Makes pytest keep some tests only; it cannot select tests by name if these hold colons or line ends."""

    def __init__(self, tests: Iterable[str]) -> None:
        self._tests = set(map(_plain, tests))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests, and put those that try many examples last."""
        items[:] = [item for item in items if _plain(item.nodeid) in self._tests]
        items.sort(key=lambda item: item.get_closest_marker("hypothesis") is not None)


def _plain(test: str) -> str:
    """Return a test's name without backslashes; pytest adds more each time it collects in one process."""
    return test.replace("\\", "")


class Runner(PytestRunner):
    """Runs the tests that mutmut chose, whatever their names."""

    @override
    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        if mutant_name is None:
            return super().run_tests(mutant_name=mutant_name, tests=tests)
        arguments = self._pytest_args_regular_run({test.partition("[")[0] for test in tests})
        with change_cwd("mutants"):
            return self.execute_pytest(arguments, plugins=[Selection(tests)])


def report() -> float:
    """Print the changes that no test noticed and the score of each file; return the score of all."""
    scores: dict[str, tuple[int, int]] = {}
    for path in sorted(walk_mutatable_files()):
        mutants = SourceFileMutationData(path=path)
        mutants.load()
        survivors = [name for name, code in mutants.exit_code_by_key.items() if code not in KILLED]
        for name in survivors:
            print(get_diff_for_mutant(name, path=path))
        total = len(mutants.exit_code_by_key)
        scores[str(path.relative_to(INTEGRATION))] = (total - len(survivors), total)
    killed, total = (sum(column) for column in zip(*scores.values(), strict=True))
    for name, (killed_here, total_here) in {**scores, "all": (killed, total)}.items():
        print(f"{name:<24}{killed_here:>6} of {total_here:>5}{killed_here / max(total_here, 1):>8.1%}")
    return float(killed / max(total, 1))


def main() -> None:
    """Change a copy of this directory and report."""
    parser = ArgumentParser("scripts/mutate", description=__doc__)
    parser.add_argument("files", nargs="*", help="such as phone.py or api/client.py; all if none is named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many are tried at once")
    options = parser.parse_args()
    # the same examples each time, as they come
    settings.register_profile("mutants", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutants")
    with (
        TemporaryDirectory() as directory,
        patch.object(file_mutation, "MutationVisitor", Visitor),
        patch.object(file_mutation, "function_trampoline_arrangement", arrange),
        patch.object(isolation, "PytestRunner", Runner),
    ):
        os.chdir(shutil.copytree(ROOT, Path(directory) / "copy", ignore=shutil.ignore_patterns(".*", "__pycache__")))
        sys.path.remove(str(ROOT))
        reset_config()
        if options.files:
            config().only_mutate = [f"{INTEGRATION}/{file}" for file in options.files]
        mutmut.cli(["run", f"--max-children={options.jobs}"], standalone_mode=False)
        score = report()
        os.chdir(ROOT)
    raise SystemExit(score < MINIMUM)


if __name__ == "__main__":
    main()
