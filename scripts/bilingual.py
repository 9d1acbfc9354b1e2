"""Rule bilingual: the subtitles of two languages in one."""

from vat.jobs.log import Job, job_log
from vat.subtitles.bilingual import pair
from vat.subtitles.formats import write_track
from vat.subtitles.track import Track

snakemake: Job
with job_log(snakemake.log[0]):
    out = snakemake.output
    track = pair(Track.read(snakemake.input.upper), Track.read(snakemake.input.lower))
    write_track(track, out.cues, out.srt, out.vtt, out.ass)
