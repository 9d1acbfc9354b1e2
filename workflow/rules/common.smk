"""What the rules share: limits of their wildcards, the plan of the run, and who answers for it."""

import os
import sys
import time
from pathlib import Path

from gpulease import GpuLeaseError, largest_gpu_mb
from snakemake.exceptions import IncompleteCheckpointException
from snakemake.logging import logger

from vat.errors import VatError
from vat.files import read_json
from vat.jobs.messages import is_of_system
from vat.planning.answers import Answers, grown
from vat.planning.doctor import named_models, with_a_video
from vat.planning.outlook import announced, outlook
from vat.planning.plan import make_plan
from vat.planning.run_start import enter_run, prepare_folders, prepare_process
from vat.report.pages import Run, write_pages
from vat.stages import VERSIONS


wildcard_constraints:
    video="[a-z0-9-]+",
    chunk=r"\d{4}",
    language="[a-z]{2,3}(-[a-z]+)?",
    kind="asr|separate|translate",


def explained(function, *arguments, **named):
    """Call the library; an error meant for the user becomes Snakemake's, without a traceback."""
    try:
        return function(*arguments, **named)
    except (VatError, GpuLeaseError, OSError) as error:
        if isinstance(error, OSError) and not is_of_system(error):
            raise
        raise WorkflowError(sentences.of(error)) from None


def place(path):
    """The path that Snakemake uses for one with variables, be it in a module with a prefix."""
    return workflow.pathvars.apply(str(workflow.modifier.modify_path(path)))


sentences = prepare_process(logger)
runs = explained(enter_run, Path.cwd(), place, main=workflow.is_main_process)
began = time.time()
root = Path(workflow.current_basedir).parent.parent
# Snakemake tells its targets to nobody while it reads the rules.
config.update(with_a_video(config, Path.cwd(), root) if "doctor" in sys.argv else {})
plan = explained(
    make_plan,
    config,
    root=root,
    here=Path.cwd(),
    skip=[Path(place(name)).absolute() for name in ("<results>", "<resources>")],
    # A cluster's jobs plan again what this process has planned.
    renew=workflow.is_main_process,
    gpu_mb=largest_gpu_mb if workflow.local_exec else None,
    deployed=bool(workflow.deployment_settings.deployment_method),
)
config.update(plan.config)
for text in explained(announced, plan) if workflow.is_main_process else ():
    logger.info(text, extra={"announced": True})
logger.info("", extra={"outlook": outlook(plan)})
ask = explained(Answers, plan, place("<results>"), place("<resources>"))

# Not in a cluster's jobs: a node may see less than the others.
if workflow.is_main_process:
    explained(prepare_folders, plan.videos, place)


def tell_end(log):
    """Say what became of every video; the same goes to summary.json and the pages."""
    cores = workflow.resource_settings.cores if workflow.local_exec else None
    run = Run.of(ask, place, began, cores, workflow.executor_settings)
    told = run.told(plan.videos, log, ask.models())
    # After all that was said before, also where a view of the run is drawn.
    logger.info(told, extra={"summary": True})
    write_pages(run)


def words_of(wildcards):
    """The words of all chunks; only a downloaded video's number of chunks needs the checkpoint."""
    chunks = ask.chunks(wildcards)
    return ask.words(wildcards, chunks) if chunks else counted_words(wildcards)


def counted_words(wildcards):
    """The words of all chunks of a downloaded video, or what will tell how many there are."""
    try:
        counted = checkpoints.count_chunks.get(video=wildcards.video)
    except IncompleteCheckpointException as error:
        # What Snakemake itself asks for on this error; but it would also go through its plan
        # twice after each download, and make the merge of every video to be fetched anew.
        return error.targetfile
    record = explained(read_json, counted.output.chunk_count)
    return ask.words(wildcards, record["chunks"])
