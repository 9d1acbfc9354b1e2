"""Rule word_times: the subtitles of the spoken language with the time of every word."""

from vat.jobs.log import Job, job_log
from vat.subtitles.spoken import written_runs
from vat.subtitles.track import Track
from vat.subtitles.word_times import write_word_times
from vat.transcript.merge import Transcript

snakemake: Job
with job_log(snakemake.log[0]):
    given, out = snakemake.input, snakemake.output
    runs = written_runs(Transcript.read(given.transcript))
    words = [word for _, run in runs for word in run]
    write_word_times(Track.read(given.cues), words, out.vtt, out.ass)
