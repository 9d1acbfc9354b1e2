"""The picture that the imports draw: no circle, no arrow upward, few folders."""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

SOURCES: Final = Path(__file__).resolve().parents[2] / "src"
STAGES: Final = (
    *("media", "speech", "transcript", "subtitles", "translate", "embed", "planning", "report"),
)
"""The folders of vat, each above those before it; all stand on the modules beside them."""

GROUND: Final = "jobs"
"""The folder that is one of these modules, as it were: everything may stand on it."""

MOST_PLACES: Final = 14
"""How many folders, and modules beside them, the picture of vat may have to be seen at once."""


def modules() -> dict[str, Path]:
    """All modules below src by name; a package is the module of its `__init__`."""
    found = {}
    for path in SOURCES.rglob("*.py"):
        parts = path.relative_to(SOURCES).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules that one imports, wherever in it, and the packages that run before them."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(parents if node.level else []), *filter(None, [node.module])])
            wanted = [f"{base}.{alias.name}" for alias in node.names] + [base]
        else:
            continue
        for one in wanted:
            parts = one.split(".")
            above = {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
            # A package has begun to run before any module in it.
            yield from (above & known.keys()) - {name, *_packages_of(name)}


def _packages_of(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:n]) for n in range(1, len(parts))}


def graph() -> dict[str, set[str]]:
    """What each module imports."""
    known = modules()
    return {name: set(imports(name, path, known)) for name, path in known.items()}


def arrows() -> list[tuple[str, str]]:
    """Which module of vat imports which."""
    return [
        (module, other)
        for module, others in graph().items()
        for other in sorted(others)
        if module.startswith("vat.") and other.startswith("vat.")
    ]


def place(name: str) -> str:
    """The folder of a module of vat, or the module itself where it lies beside the folders."""
    return name.split(".")[1]


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_no_import_goes_to_a_later_stage() -> None:
    order = {name: n for n, name in enumerate(STAGES, 1)}
    upward = [
        f"{module} -> {other}"
        for module, other in arrows()
        if order.get(place(module), 0) < order.get(place(other), 0)
    ]
    assert upward == []


def test_no_folders_import_each_other_in_a_circle() -> None:
    """Nor do the modules beside them: whatever is drawn as one place counts as one."""
    places: dict[str, set[str]] = {}
    for module, other in arrows():
        places.setdefault(place(module), set()).update({place(other)} - {place(module)})
    try:
        TopologicalSorter(places).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_the_library_can_be_seen_at_once() -> None:
    folders = {path.parent.name for path in SOURCES.glob("vat/*/__init__.py")}
    assert folders == {GROUND, *STAGES}
    places = {place(name) for arrow in arrows() for name in arrow}
    assert folders < places
    assert len(places) <= MOST_PLACES


def test_the_library_the_pool_and_snakemake_do_not_know_each_other() -> None:
    for module, others in graph().items():
        owner = module.split(".")[0]
        known = {other.split(".")[0] for other in others} - {owner}
        if owner in ("vat", "gpulease"):
            assert known == set(), module


def test_packages_of_the_library_run_nothing() -> None:
    for name, path in modules().items():
        if path.stem == "__init__" and name.startswith("vat."):
            (docstring,) = ast.parse(path.read_text(encoding="utf-8")).body
            assert isinstance(docstring, ast.Expr), name


@pytest.mark.parametrize("folder", ["benchmarks", "tests", "tiny"])
def test_no_test_is_imported(folder: str) -> None:
    """What several share is in tests/helpers, and what plays a GPU's driver beside its tests."""
    for path in (SOURCES.parent / folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^(?:from|import) (tests[\w.]*)", text, re.MULTILINE):
            assert ".test_" not in name, path
            shared = name.startswith(("tests.helpers", "tests.gpu.driver"))
            assert folder == "tests" or shared, path


MOST_LINES: Final = {
    "scripts/*.py": 25,
    "workflow/rules/common.smk": 99,
    "workflow/Snakefile": 60,
    "src/**/*.py": 400,
    "benchmarks/**/*.py": 400,
    "tests/**/*.py": 400,
    "tiny/**/*.py": 400,
}
"""How long files may be to be read at once."""

MOST_LINES_OF_A_FUNCTION: Final = 50


@pytest.mark.parametrize("pattern", MOST_LINES)
def test_files_can_be_read_at_once(pattern: str) -> None:
    files = list(SOURCES.parent.glob(pattern))
    assert files
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES[pattern]} == {}


@pytest.mark.parametrize("folder", ["src", "scripts", "benchmarks", "tests", "tiny"])
def test_functions_can_be_read_at_once(folder: str) -> None:
    for path in (SOURCES.parent / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= MOST_LINES_OF_A_FUNCTION, f"{path}: {node.name}"


def test_functions_of_the_rules_only_ask() -> None:
    text = (SOURCES.parent / "workflow/rules/common.smk").read_text(encoding="utf-8")
    # Only its functions are Python; a function ends before the next line that is not indented.
    functions = re.findall(r"^def (\w+)\(.*\n((?:    .*\n|\n(?=    ))*)", text, re.MULTILINE)
    assert len(functions) > 3
    assert {name: body for name, body in functions if body.rstrip().count("\n") + 2 > 10} == {}
