"""Whatever a configuration holds, it is planned or refused with a sentence."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.helpers.configurations import configurations, planned

CASES = int(os.environ.get("VAT_CONFIGURATIONS", "150"))
LONGEST = 2000


@pytest.fixture(scope="module", autouse=True)
def _no_network() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vat.planning.known_sources.expand_url", lambda url, _: [url])
        yield


@settings(
    max_examples=CASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(config=st.deferred(lambda: configurations(ROOT)))
def test_no_configuration_is_a_traceback(
    config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = Path(tmp_path_factory.getbasetemp() / "here")
    here.mkdir(exist_ok=True)
    said = planned(config, ROOT, here)
    assert len(said) < LONGEST
    assert "\n" not in said
    assert "u:p@" not in said
