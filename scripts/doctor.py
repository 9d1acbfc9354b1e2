"""Rule doctor: what of the host and of the configuration is ready, shown on the terminal."""

import sys
from pathlib import Path

from gpulease.executors import examine_host
from vat.jobs.log import Job
from vat.planning.doctor import of_folder, of_gpus, of_setup, tell

TRIAL_MB = 1000  # a CUDA context and a tiny model

snakemake: Job
asked = snakemake.params
command = [sys.executable, "-m", "vat.speech.gpu_trial", asked.tiny]
host = examine_host(command, TRIAL_MB, scope=asked.scope, visible=asked.visible)
trials = [(trial.name, trial.status, trial.said) for trial in host.trials]
findings = [
    *of_gpus(trials, host.without_gpu, host.trouble),
    of_folder(host.folder, host.doubt, host.folder_trouble),
    *of_setup(
        snakemake.config, asked.models, asked.languages, Path(asked.results), map(Path, asked.local)
    ),
]
sys.exit(tell(findings, Path(snakemake.log[0])))
