"""The start of a run: how its process behaves, and its folders looked at and tidied."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from vat.jobs.log import Sentences, say_once_that_logs_are_full, without_secrets
from vat.jobs.processes import begin_run, hang_up_as_terminate
from vat.media.fetch import set_dead_links_aside
from vat.planning.killed_runs import Runs
from vat.planning.leftovers import set_damaged_aside
from vat.planning.output_folders import check_names, check_places
from vat.planning.plan import collect_garbage_rarely


def prepare_process(snakemakes: logging.Logger) -> Sentences:
    """Make this process plan fast, end with its terminal, and keep secrets out of what it says.

    The result makes sentences of errors, which Snakemake's logger then shows alone.
    """
    collect_garbage_rarely()
    # Snakemake shows its command line, which may name videos by addresses with keys.
    snakemakes.addFilter(without_secrets)
    say_once_that_logs_are_full()
    hang_up_as_terminate()
    sentences = Sentences()
    snakemakes.addFilter(sentences)
    return sentences


def enter_run(here: Path, place: Callable[[str], str], *, main: bool) -> Runs:
    """Begin the run in the folder `here`, of which this is the `main` process or that of a job.

    `place` gives the path behind one with Snakemake's variables.

    Raises:
        ConfigError: naming the first folder of the run that has no name or cannot be written to.
    """
    runs = Runs(here / ".snakemake")
    if main:
        names = ("<results>", "<resources>", "<logs>", "<benchmarks>")
        check_names(names, place)
        check_places([here / ".snakemake", *map(Path, map(place, names))])
        runs.enter()
    else:
        begin_run()
    return runs


def prepare_folders(videos: Iterable[str], place: Callable[[str], str]) -> None:
    """See that the folders of videos can be written to, and set aside what is broken in them.

    `place` gives the path behind one with Snakemake's variables.

    Raises:
        ConfigError: naming the first folder that cannot be written to.
    """
    slugs = list(videos)
    own = (f"{folder}/{slug}" for folder in ("<results>", "<logs>") for slug in slugs)
    # What is delivered comes last, after all work is done.
    check_places(map(Path, map(place, (*own, "<results>/delivery"))))
    set_dead_links_aside(Path(place(f"<results>/{slug}/source")) for slug in slugs)
    set_damaged_aside(Path(place(f"<results>/{slug}")) for slug in slugs)
