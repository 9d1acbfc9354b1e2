"""Rule deliver: one video and its subtitle files under their own names."""

from pathlib import Path

from vat.embed.delivery import deliver
from vat.files import write_json
from vat.jobs.log import Job, job_log
from vat.media.probe import Media

snakemake: Job
with job_log(snakemake.log[0]):
    given = snakemake.input
    delivered = deliver(
        Path(snakemake.params.folder),
        snakemake.wildcards.video,
        snakemake.params.name,
        Media.read(given.media).name,
        next(map(Path, given.get("video", [])), None),
        [*map(Path, given.cues)],
        copy=snakemake.params.settings["how"] == "copy",
        endings=snakemake.params.settings["sidecars"],
        edits=Path("edits") / snakemake.wildcards.video,
        words=[*map(Path, given.get("words", []))],
    )
    write_json(snakemake.output.record, delivered)
