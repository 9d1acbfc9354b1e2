"""A configuration's `pathvars` that are no mapping: Snakemake stops with a traceback there.

It looks at them before it reads the workflow, so that no workflow can say what is wrong. Every
start imports this plugin earlier still.
"""

from typing import Any

from snakemake.exceptions import WorkflowError
from snakemake.pathvars import Pathvars


def explain_wrong_types() -> None:
    """Have Snakemake say in one sentence what `pathvars` must be."""
    check = Pathvars.check_dict

    def checked(items: Any) -> None:
        if not isinstance(items, dict):
            raise WorkflowError(
                "pathvars in the configuration must be names of folders with their paths, such as"
                f" {{results: out}}, not {str(items)[:100]!r}."
            )
        check(items)

    Pathvars.check_dict = staticmethod(checked)
