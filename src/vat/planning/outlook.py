"""What is said before anything runs: of the plan, and in a dry run of what would be done."""

import re
import sys
from pathlib import Path
from typing import Any, Final

from vat.errors import VatError
from vat.jobs.addresses import masked
from vat.jobs.messages import sentence
from vat.planning.models import KNOWN, folder_name
from vat.planning.plan import Plan, check_api_key
from vat.planning.sources import Video
from vat.planning.streams import told_streams
from vat.translate.server_check import translator
from vat.translate.settings import SERVERS

_DRY: Final = re.compile(r"-[A-Za-z]*n[A-Za-z]*|--dry-?run")
"""Snakemake's option, which may stand with others (-np); it is told to nobody before."""


def announced(plan: Plan) -> list[str]:
    """What is said before anything runs: of the plan, and in a dry run of the videos' streams."""
    return [text for text in (plan.said, told_streams(plan) if _is_dry() else "") if text]


def outlook(plan: Plan) -> dict[str, Any]:
    """What Snakemake's jobs do not tell: `names` of the videos by slug, for a view of the run.

    In a dry run also `remote`, the slugs of those to be downloaded, `sizes` of known models in
    bytes by kind and name of folder, `translator`, who is sent the subtitles ("" for nobody else),
    and `trouble`, why the run would stop before its first translation.
    """
    found: dict[str, Any] = {"names": {slug: _name(one) for slug, one in plan.videos.items()}}
    if _is_dry():
        found["remote"] = [slug for slug, one in plan.videos.items() if one.remote]
        found["sizes"] = {
            f"{kind}/{folder_name(name)}": sum(file.size for file in one.checked.values())
            for kind, models in KNOWN.items()
            for name, one in models.items()
        }
        found |= _translation(plan)
    return found


def _is_dry() -> bool:
    return any(_DRY.fullmatch(word) for word in sys.argv[1:])


def _name(video: Video) -> str:
    return video.title or (masked(video.source) if video.remote else Path(video.source).name)


def _translation(plan: Plan) -> dict[str, str]:
    options = plan.config["translate"]
    try:
        asked = options["backend"] in SERVERS and check_api_key(plan)
        return {"translator": translator(options) if asked else "", "trouble": ""}
    except VatError as error:
        return {"translator": "", "trouble": sentence(error)}
