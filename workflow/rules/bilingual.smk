"""
Join the subtitles of two languages into one, both shown at a time.

INPUTS:  <results>/{video}/subtitles/{upper}.json    or edited/, where the user has corrected it
         <results>/{video}/subtitles/{lower}.json
OUTPUTS: <results>/{video}/subtitles/{upper}+{lower}.json    cues (.srt, .vtt and .ass: the same)
"""


rule bilingual:
    """Put one language of one video above the other."""
    input:
        upper=ask.upper_track,
        lower=ask.lower_track,
    output:
        cues=ensure("<results>/{video}/subtitles/{upper}+{lower}.json", non_empty=True),
        srt="<results>/{video}/subtitles/{upper}+{lower}.srt",
        vtt="<results>/{video}/subtitles/{upper}+{lower}.vtt",
        ass="<results>/{video}/subtitles/{upper}+{lower}.ass",
    log:
        "<logs>/{video}/bilingual/{upper}+{lower}.log",
    wildcard_constraints:
        upper="source|[a-z]{2,3}(-[a-z]+)?",
        lower="source|[a-z]{2,3}(-[a-z]+)?",
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
        version=VERSIONS["bilingual"],
    script:
        "../../scripts/bilingual.py"
