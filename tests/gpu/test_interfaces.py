"""The tests that the authors of Snakemake's plugin interfaces give to plugins."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import snakemake.common.tests
import snakemake_interface_scheduler_plugins.tests

from gpulease.pool_trouble import TIMEOUT_VARIABLE
from snakemake_executor_plugin_local_gpu import ExecutorSettings, active
from snakemake_scheduler_plugin_local_gpu import Scheduler, SchedulerSettings


# The scheduler that these tests take is Snakemake's own, with a library of its own.
@pytest.mark.filterwarnings("ignore:.*PuLP 4:DeprecationWarning")
class TestExecutor(snakemake.common.tests.TestWorkflowsLocalStorageBase):  # type: ignore[misc]
    """Whole workflows, one with groups, run by the executor."""

    __test__ = True

    @pytest.fixture(autouse=True)
    def _nothing_changes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GPULEASE_DIR", str(tmp_path / "ledger"))
        # The executor sets it for the run, and tells no one what it was.
        monkeypatch.setenv(TIMEOUT_VARIABLE, "600")
        monkeypatch.chdir(tmp_path)

    def get_executor(self) -> str:
        return "local-gpu"

    def get_executor_settings(self) -> ExecutorSettings:
        return ExecutorSettings()


class TestScheduler(snakemake_interface_scheduler_plugins.tests.TestSchedulerBase):  # type: ignore[misc]
    """The choice among jobs that have no more than the interface promises."""

    __test__ = True

    @pytest.fixture(autouse=True)
    def _in_a_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reader = SimpleNamespace(read=lambda job: None)
        run = SimpleNamespace(reader=reader, ended=set())
        monkeypatch.setattr(active, "run", run)

    def get_scheduler_cls(self) -> type[Scheduler]:
        return Scheduler

    def get_scheduler_settings(self) -> SchedulerSettings:
        return SchedulerSettings()
