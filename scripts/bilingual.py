"""Rule bilingual: the subtitles of two languages in one."""

from vat.files import write_text
from vat.joblog import job_log
from vat.subtitles.bilingual import write_pair
from vat.subtitles.styles import ass_document
from vat.subtitles.tracks import Track

with job_log(snakemake.log[0]):
    out = snakemake.output
    write_pair(snakemake.input.upper, snakemake.input.lower, out.cues, out.srt, out.vtt)
    write_text(out.ass, ass_document(Track.read(out.cues), "clean", (16, 9)))
