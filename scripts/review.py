"""Rule review: the pages of the last run on this host, until somebody ends it."""

import os
from pathlib import Path

from vat.jobs.log import Job, job_log
from vat.report.server import ReviewServer, Shelf, serve

snakemake: Job
with os.fdopen(os.dup(1), "w") as terminal, job_log(snakemake.log[0]):
    params = snakemake.params
    server = ReviewServer(Shelf(Path(params.results), Path(params.logs), Path("edits")))
    print(f"Open {server.url}\nCtrl-C here, or a button on the pages, ends it.", file=terminal)
    terminal.flush()
    serve(server)
