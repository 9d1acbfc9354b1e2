"""What a Python file imports, found without running it."""

import ast
from pathlib import Path


def imported_names(file: Path) -> set[str]:
    """The full names of what a file imports, wherever in it: `a.b` of `from a import b`."""
    found = set[str]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{one.name}" for one in node.names}
    return found


def imported_packages(file: Path) -> set[str]:
    """The first parts of those names."""
    return {name.partition(".")[0] for name in imported_names(file)}
