"""Rule forecast: what is left of the run will take, on the terminal and as JSON."""

import os
from pathlib import Path

from gpulease import GpuLeaseError
from gpulease.executors import gpus_here, rehearse
from vat.files import write_json
from vat.jobs.log import Job, job_log
from vat.planning.forecast import Host, forecast_of
from vat.planning.forecast_text import told

snakemake: Job
with os.fdopen(os.dup(1), "w") as terminal, job_log(snakemake.log[0], GpuLeaseError):
    params, gpus = snakemake.params, [mb for _, mb in gpus_here()]
    found = forecast_of(
        params.left,
        params.kinds,
        Host(gpus, params.cores or len(os.sched_getaffinity(0))),
        rehearse,
        snakemake.config["translate"],
        *(Path(path) for path in (params.benchmarks, params.results, params.resources)),
    )
    write_json(Path(params.results) / "forecast.json", found.to_json())
    print(told(found), file=terminal)
