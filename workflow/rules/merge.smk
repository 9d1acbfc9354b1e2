"""
Join the chunks of a video, each word once, and make subtitles in the spoken language.

Where the chunks do not fit together, or speech has no words, the place is decoded again. The
job asks for what a chunk asks for, since it may come to that; the model is loaded only then.

INPUTS:  <results>/{video}/speech.flac
         <results>/{video}/chunks.json
         <results>/{video}/voice.npy
         <results>/{video}/words/{chunk}.json
         <results>/{video}/shots.json                    where cues go with the picture
         <results>/{video}/speakers.json                 where speakers are told apart
         edits/{video}/restore.txt                       the user's; only read, so no input
OUTPUTS: <results>/{video}/transcript.json           all words, seams, quarantine, coverage
         <results>/{video}/subtitles/source.json     cues (.srt, .vtt and .ass: the same)
         <results>/{video}/subtitles/source.check.json    how well they can be read
"""


rule merge:
    """Merge the words of all chunks of one video and lay out its cues."""
    input:
        speech="<results>/{video}/speech.flac",
        chunks="<results>/{video}/chunks.json",
        voice="<results>/{video}/voice.npy",
        words=words_of,
        shots=ask.shots,
        speakers=ask.speakers,
        model=ask.fetched("asr"),
    output:
        transcript=ensure("<results>/{video}/transcript.json", non_empty=True),
        cues=ensure("<results>/{video}/subtitles/source.json", non_empty=True),
        srt=report(
            "<results>/{video}/subtitles/source.srt",
            caption="../report/subtitles.rst",
            category="Subtitles",
            subcategory="{video}",
            labels={"language": "source"},
        ),
        vtt="<results>/{video}/subtitles/source.vtt",
        ass="<results>/{video}/subtitles/source.ass",
        check="<results>/{video}/subtitles/source.check.json",
    log:
        "<logs>/{video}/merge.log",
    benchmark:
        "<benchmarks>/{video}/merge.jsonl"
    priority: ask.priority
    conda:
        "../../envs/asr.yaml"
    threads: 4
    resources:
        gpu=ask.asr_gpus,
        gpu_mem_mb=ask.asr_gpu_mem_mb,
        gpu_worker="asr",
        mem_mb=grown(8000),
        runtime=grown(60),
    params:
        model=ask.model("asr"),
        asr=ask.settings("asr"),
        seams=ask.settings("seams"),
        quarantine=ask.quarantine,
        settings=ask.spoken_settings,
        version=VERSIONS["merge"],
    script:
        "../../scripts/merge.py"
