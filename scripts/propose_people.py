"""Rule propose_people: a table to edit of the people in all videos."""

from vat.files import write_text
from vat.jobs.log import Job, job_log
from vat.translate.overview import Overview
from vat.translate.people import Person, joined, write_people

snakemake: Job
with job_log(snakemake.log[0]):
    people: list[Person] = []
    for overview in map(Overview.read, snakemake.input.overviews):
        people = joined(people, overview.people)
    write_text(snakemake.output.people, write_people(people))
