"""Rule forecast: what is left of the run will take, on the terminal and as JSON."""

import os
from pathlib import Path

from gpulease import GpuLeaseError
from gpulease.executors import gpus_allowed, rehearse
from vat.files import write_json
from vat.jobs.log import Job, job_log
from vat.planning.forecast import Host, forecast_of
from vat.planning.forecast_text import told

snakemake: Job
with os.fdopen(os.dup(1), "w") as terminal, job_log(snakemake.log[0], GpuLeaseError):
    params = snakemake.params
    places = params.benchmarks, params.results, params.resources, params.journal
    host = Host.of(gpus_allowed(params.visible), params.cores)
    options = snakemake.config["translate"]
    asked = params.left, params.kinds, host, rehearse, options
    found = forecast_of(*asked, *map(Path, places))
    write_json(Path(params.results) / "forecast.json", found.to_json())
    print(told(found), file=terminal)
