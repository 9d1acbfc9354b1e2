"""What tests of plans share."""

from pathlib import Path
from typing import Any

import pytest

from vat.planning.plan import Plan, make_plan


@pytest.fixture
def make(root: Path, tmp_path: Path) -> Any:
    """Plans a run in `tmp_path`."""

    def call(*, renew: bool = True, **config: Any) -> Plan:
        skip = [tmp_path / "results"]
        return make_plan(config, root=root, here=tmp_path, skip=skip, renew=renew)

    return call
