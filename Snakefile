"""The workflow, for those who stand in its folder: all of it is in workflow/Snakefile."""


include: "workflow/Snakefile"


# An include leaves the default target as it was, which here is none.
workflow.default_target = "all"
