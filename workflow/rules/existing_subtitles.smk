"""
Take subtitles that a video has already, beside it or as a track, instead of making them.

INPUTS:  <results>/{video}/source
         a subtitle file beside the video, which is only read, so no input
OUTPUTS: <results>/{video}/subtitles/{track}.json    cues (.srt, .vtt and .ass: the same)
         <results>/{video}/subtitles/{track}.check.json    how well they can be read

The plan tells which tracks of which videos; for these the rule goes before those that make them.
"""


ruleorder: existing_subtitles > merge
ruleorder: existing_subtitles > translate


rule existing_subtitles:
    """Read one track of one video from its own subtitles."""
    input:
        source="<results>/{video}/source",
    output:
        cues=ensure("<results>/{video}/subtitles/{track}.json", non_empty=True),
        srt="<results>/{video}/subtitles/{track}.srt",
        vtt="<results>/{video}/subtitles/{track}.vtt",
        ass="<results>/{video}/subtitles/{track}.ass",
        check="<results>/{video}/subtitles/{track}.check.json",
    log:
        "<logs>/{video}/existing_subtitles/{track}.log",
    wildcard_constraints:
        video=ask.taken_videos,
        track="source|(existing-)?[a-z]{2,3}(-[a-z]+)?",
    priority: ask.priority
    conda:
        "../../envs/text.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(1000),
        runtime=grown(60),
    params:
        taken=ask.taken,
        layout=ask.settings("merge"),
        relayout=ask.settings("subtitles")["relayout"],
        version=VERSIONS["existing_subtitles"],
    script:
        "../../scripts/existing_subtitles.py"
