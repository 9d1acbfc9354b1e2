"""Rule separate: the speech of one video, separated by the job's worker where that helps."""

import gpulease
from vat.files import read_json, write_json
from vat.jobs.log import Job, job_log
from vat.speech.separation import plain_speech

snakemake: Job
with job_log(snakemake.log[0], gpulease.GpuLeaseError):
    given, params, out = snakemake.input, snakemake.params, snakemake.output
    files = {"audio": str(given.audio), "destination": str(out.speech)}
    if not params.enabled:
        decision = plain_speech(**files)
    else:
        call = {"model": params.model, "recogniser": params.judge, "language": params.language}
        call |= {"device": snakemake.config["separate"]["device"], "threads": snakemake.threads}
        call |= {"enabled": params.enabled, "duration": read_json(given.media)["duration"]}
        decision = gpulease.call("vat.speech.separation:speech_of", **files, **call)
    write_json(out.separation, decision)
