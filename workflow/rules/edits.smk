"""
The user's corrections: copies to edit (snakemake edits), and tracks with what was made of them.

INPUTS:  <results>/{video}/subtitles/{track}.json    as generated; track is a language, or source
         edits/{video}/{track}.srt, .vtt, .ass       the user's; only read, so no input
OUTPUTS: <results>/{video}/edited/{track}.json       cues with the corrections (.srt, .vtt, .ass)
         <results>/{video}/edited/{track}.check.json      how well they can be read
         <results>/{video}/edited/{track}.report.json     how many corrections, and conflicts
         <results>/{video}/edits.json                     which copies were laid out
"""


rule edits:
    """A copy to edit of every track of every video."""
    input:
        ask.editable_videos,


rule lay_out_edits:
    """Put copies into the folder edits where the user has none."""
    input:
        tracks=ask.editable,
    output:
        record="<results>/{video}/edits.json",
    log:
        "<logs>/{video}/edits.log",
    conda:
        "../../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(500),
        runtime=grown(10),
    params:
        missing=ask.without_copies,
        version=VERSIONS["edit"],
    script:
        "../../scripts/lay_out_edits.py"


rule edit:
    """Merge the user's corrections with what is generated now."""
    input:
        cues="<results>/{video}/subtitles/{track}.json",
    output:
        cues=ensure("<results>/{video}/edited/{track}.json", non_empty=True),
        srt="<results>/{video}/edited/{track}.srt",
        vtt="<results>/{video}/edited/{track}.vtt",
        ass="<results>/{video}/edited/{track}.ass",
        check="<results>/{video}/edited/{track}.check.json",
        report="<results>/{video}/edited/{track}.report.json",
    log:
        "<logs>/{video}/edit/{track}.log",
    wildcard_constraints:
        track="source|[a-z]{2,3}(-[a-z]+)?",
    priority: ask.priority
    conda:
        "../../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(500),
        runtime=grown(10),
    params:
        edit=ask.edit,
        layout=ask.settings("merge"),
        version=VERSIONS["edit"],
    script:
        "../../scripts/edit.py"
