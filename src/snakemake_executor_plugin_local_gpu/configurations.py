"""Configurations that end Snakemake with a traceback, before it reads the workflow.

So no workflow can say what is wrong; but every start imports this plugin earlier still. Of an
`ApiError`, Snakemake shows the sentence alone.
"""

from typing import Any

from snakemake.common import configfile
from snakemake.exceptions import ApiError
from snakemake.pathvars import Pathvars

_SHOWN = 100


def explain_wrong_pathvars() -> None:
    """Have Snakemake say in one sentence what `pathvars` must be."""
    check = Pathvars.check_dict

    def checked(items: Any) -> None:
        if not isinstance(items, dict):
            raise ApiError(
                "pathvars in the configuration must be names of folders with their paths, such as"
                f" {{results: out}}, not {str(items)[:_SHOWN]!r}."
            )
        check(items)

    Pathvars.check_dict = staticmethod(checked)


def explain_unreadable_files() -> None:
    """Have Snakemake say in one sentence why a configuration file cannot be read."""
    load = configfile._load_configfile

    def loaded(source: Any, filetype: str = "Config") -> Any:
        try:
            return load(source, filetype)
        except RecursionError:
            reason = "it is nested too deeply"
        except OSError as error:
            reason = str(error.strerror)
        except ValueError as error:
            # What is no text, and numbers that Python does not read.
            reason = str(error)[:_SHOWN]
        raise ApiError(f"{filetype} file {source} cannot be read: {reason}.")

    configfile._load_configfile = loaded
