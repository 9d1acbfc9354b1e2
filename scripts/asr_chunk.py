"""Rule asr_chunk: the words of one span."""

from gpulease import confirm
from vat.asr import AsrSettings, transcribe_chunk
from vat.device import resolve
from vat.files import read_json, write_json
from vat.joblog import job_log

with job_log(snakemake.log[0]):
    confirm()
    words = transcribe_chunk(
        snakemake.input.speech,
        read_json(snakemake.input.chunks),
        int(snakemake.wildcards.chunk),
        snakemake.params.model,
        AsrSettings(**snakemake.params.settings),
        device=resolve(snakemake.config["asr"]["device"]),
        threads=snakemake.threads,
    )
    write_json(snakemake.output.words, words)
