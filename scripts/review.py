"""Rule review: the pages of the last run on this host, until somebody ends it."""

import os
import time
from pathlib import Path

from vat.jobs.log import Job, job_log
from vat.report.pages import write_pages
from vat.report.run import Run
from vat.report.server import ReviewServer, Shelf, serve

snakemake: Job
with os.fdopen(os.dup(1), "w") as terminal, job_log(snakemake.log[0]):
    params = snakemake.params
    run = Run.shown(params.results, params.logs, params.benchmarks, params.facts, time.time())
    if (run.results / "summary.json").is_file():
        write_pages(run)
    server = ReviewServer(Shelf(run.results, run.logs, Path("edits")))
    print(f"Open {server.url}\nCtrl-C here, or a button on the pages, ends it.", file=terminal)
    terminal.flush()
    serve(server)
