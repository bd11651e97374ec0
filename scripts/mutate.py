"""Break the code in many small ways, one at a time in a copy, and tell which of them no test notices.

Ends with 1 where one of these is not explained in tests/mutants.md.
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
from mutmut.utils.format_utils import orig_function_and_class_names_from_key
from mutmut.workers import isolation
import pytest

ROOT = Path(__file__).parents[1]
INTEGRATION = "custom_components/smsbox"
EXPLAINED = ROOT / "tests" / "mutants.md"
# How pytest ends where a test or it itself failed, and where it had to be ended because it took too long. mutmut also
# takes -1 for the latter, which is what comes where pytest could not be started.
KILLED = {1, 3, -signal.SIGXCPU, -signal.SIGKILL}
ARRANGE: Callable[..., Any] = file_mutation.function_trampoline_arrangement


class Visitor(file_mutation.MutationVisitor):
    """Has mutmut break functions with decorators too, which it skips of itself."""

    @override
    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        return super()._skip_node_and_children(
            node.with_changes(decorators=[]) if isinstance(node, cst.FunctionDef) else node
        )


def arrange(*arguments: Any, **named: Any) -> tuple[Sequence[Any], ...]:
    """Return mutmut's copies of a function, of which only the one that is called keeps the decorators."""
    declarations, (called, *copies), assignments, names = ARRANGE(*arguments, **named)
    return declarations, [called, *map(_undecorated, copies)], assignments, names


def _undecorated(function: cst.FunctionDef) -> cst.FunctionDef:
    """Return a function without its decorators but for what says what its first argument is."""
    kept = [one for one in function.decorators if matches(one.decorator, Name("classmethod") | Name("staticmethod"))]
    return function.with_changes(decorators=kept)


class Selection:
    """Has pytest keep some tests only: by their names alone it does not find those with colons or line ends in them."""

    def __init__(self, tests: Iterable[str], module: str) -> None:
        self._tests = set(map(_plain, tests))
        self._module = module

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests: those of the changed module first, those that try many examples last."""
        items[:] = [item for item in items if _plain(item.nodeid) in self._tests]
        items.sort(
            key=lambda item: (item.get_closest_marker("hypothesis") is not None, self._module not in item.nodeid)
        )


def _plain(test: str) -> str:
    """Return a test's name without backslashes, of which pytest makes more each time it collects in one process."""
    return test.replace("\\", "")


class Runner(PytestRunner):
    """Finds all tests again that mutmut saw."""

    @override
    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        if mutant_name is None:
            return super().run_tests(mutant_name=mutant_name, tests=tests)
        arguments = self._pytest_args_regular_run({test.partition("[")[0] for test in tests})
        with change_cwd("mutants"):
            return self.execute_pytest(arguments, plugins=[Selection(tests, mutant_name.split(".")[-2])])


def describe(path: Path, mutant: str) -> str:
    """Return file, function and changed lines of a mutant, without the number by which mutmut knows it."""
    function, class_name = orig_function_and_class_names_from_key(mutant)
    lines = get_diff_for_mutant(mutant, path=path).splitlines()[2:]
    old, new = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    where = f"{class_name}.{function}" if class_name else function
    return f"`{path.relative_to(INTEGRATION)}` `{where}`: `{old}` → `{new}`"


def report() -> list[str]:
    """Print how much was killed, and return what was not."""
    survivors: list[str] = []
    table: dict[str, list[int]] = {}
    for path in sorted(walk_mutatable_files()):
        mutants = SourceFileMutationData(path=path)
        mutants.load()
        alive = [name for name, code in mutants.exit_code_by_key.items() if code not in KILLED]
        survivors += [describe(path, name) for name in alive]
        table[str(path.relative_to(INTEGRATION))] = [len(mutants.exit_code_by_key), len(alive)]
    table["all"] = [sum(column) for column in zip(*table.values(), strict=True)]
    print(f"{'file':<16}{'mutants':>9}{'killed':>9}{'survived':>9}{'percent':>9}")
    for name, (total, survived) in table.items():
        print(f"{name:<16}{total:>9}{total - survived:>9}{survived:>9}{(total - survived) / total:>9.1%}")
    return survivors


def main() -> None:
    """Break a copy of this directory and report."""
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
        survivors = report()
        os.chdir(ROOT)
    explained = EXPLAINED.read_text()
    for survivor in sorted(survivors):
        print(f"{'explained' if survivor in explained else 'NOT EXPLAINED'}: {survivor}")
    raise SystemExit(any(survivor not in explained for survivor in survivors))


if __name__ == "__main__":
    main()
