"""What the plugins use of Snakemake beyond its interfaces is still as they expect it."""

import ast
import errno
import inspect
import logging
import os
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake import jobs, pathvars, script, sourcecache
from snakemake.api import Workflow
from snakemake.common import configfile
from snakemake.exceptions import ApiError, cut_traceback
from snakemake.executors import local
from snakemake.logging import logger
from snakemake.pathvars import Pathvars
from snakemake.scheduling import job_scheduler
from snakemake.settings.types import DeploymentMethod, SchedulingSettings
from snakemake.shell import shell

from snakemake_executor_plugin_local_gpu import snakemake_private as private
from snakemake_executor_plugin_local_gpu.configurations import (
    explain_unreadable_files,
    explain_wrong_pathvars,
)
from snakemake_executor_plugin_local_gpu.source_cache import explain_refused_copies
from tests.helpers.imports import imported_packages

PLUGINS = ("snakemake_executor_plugin_local_gpu", "snakemake_scheduler_plugin_local_gpu")


def test_three_modules_alone_import_snakemake_itself(root: Path) -> None:
    files = [file for name in PLUGINS for file in (root / "src" / name).rglob("*.py")]
    importing = {file.name for file in files if "snakemake" in imported_packages(file)}
    assert importing == {"snakemake_private.py", "configurations.py", "source_cache.py"}


def code(thing: Callable[..., Any] | type) -> str:
    return textwrap.dedent(inspect.getsource(thing))


def test_jobs_are_handed_to_cached_or_run_with_how_they_run() -> None:
    parameters = list(inspect.signature(private.LocalExecutor.cached_or_run).parameters)
    assert parameters == ["self", "job", "run_func", "args"]
    single = code(private.LocalExecutor.run_single_job)
    assert "self.cached_or_run, job, run_wrapper, *self.job_args_and_prepare(job)" in single
    assert "self.cached_or_run, job, self.spawn_job, job" in single
    assert private.is_command(local.run_wrapper)
    assert not private.is_command(local.Executor.spawn_job)


def test_the_arguments_of_a_command_have_its_modules_where_they_are_sought() -> None:
    (returned,) = [
        node.value
        for node in ast.walk(ast.parse(code(private.LocalExecutor.job_args_and_prepare)))
        if isinstance(node, ast.Return)
    ]
    assert isinstance(returned, ast.Tuple)
    values = [ast.unparse(value) for value in returned.elts]
    prefixed = private.with_prefix(values, "prefix\n")
    changed = [old for old, new in zip(values, prefixed, strict=True) if old is not new]
    assert changed == ["env_modules"]


def test_a_prefix_is_put_before_a_command_and_not_told_as_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    told: list[logging.LogRecord] = []
    handler = logging.Handler(logging.INFO)
    monkeypatch.setattr(handler, "emit", told.append)
    prefix = private.ShellPrefix("export TOLD=yes\n", None)
    # Runs in this process, of other tests, leave their filters.
    monkeypatch.setattr(logger, "filters", [])
    monkeypatch.setattr(logger, "disabled", False)
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        shell("echo $TOLD >{file}", env_modules=prefix)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert file.read_text() == "yes\n"
    on_modules = [record for record in told if "environment modules" in record.getMessage()]
    assert len(on_modules) == 1
    assert not private.names_modules(on_modules[0])
    assert private.names_modules(logging.makeLogRecord({"msg": "Activating modules: cuda"}))


def test_a_script_asks_for_its_python_as_expected() -> None:
    source = code(script.PythonScript)
    assert 'self._execute_cmd("echo $PATH", read=True)' in source
    assert private.ShellPrefix("prefix\n", None).shellcmd("set -e; echo $PATH") == "echo"


def test_the_scheduler_sleeps_on_its_semaphore() -> None:
    assert "self._open_jobs.acquire()" in code(job_scheduler.JobScheduler.schedule)
    assert "self._open_jobs = threading.Semaphore(0)" in code(job_scheduler.JobScheduler.__init__)
    semaphore = threading.Semaphore(0)
    private.wake_scheduler(SimpleNamespace(scheduler=SimpleNamespace(_open_jobs=semaphore)))
    assert semaphore.acquire(blocking=False)


def test_retries_are_decided_after_the_executor_was_told() -> None:
    source = code(job_scheduler.JobScheduler._handle_error)
    told = source.index("handle_job_error(job)")
    assert told < source.index("if job.restart_times > job.attempt - 1:")
    assert jobs.Job.attempt.fset
    job = SimpleNamespace(restart_times=3, attempt=1)
    assert private.has_retries(job)
    private.forbid_retries(job)
    assert not private.has_retries(job)


@pytest.mark.parametrize(
    "name",
    ["wildcards_dict", "is_run", "container_img_url", "conda_env", "env_modules", "restart_times"],
)
def test_jobs_have_the_attributes_that_are_read(name: str) -> None:
    assert hasattr(jobs.Job, name)


@pytest.mark.parametrize("method", list(DeploymentMethod))
def test_environments_count_where_they_are_in_use(method: DeploymentMethod) -> None:
    job = SimpleNamespace(container_img_url="image", conda_env="env", env_modules="modules")
    used = SimpleNamespace(deployment_settings=SimpleNamespace(deployment_method={method}))
    unused = SimpleNamespace(deployment_settings=SimpleNamespace(deployment_method=set()))
    assert private.has_own_environment(used, job)
    assert not private.has_own_environment(unused, job)
    assert private.is_container(used, job) == (method == DeploymentMethod.APPTAINER)


def test_the_journal_is_in_the_folder_for_logs() -> None:
    assert isinstance(Workflow.pathvars, property)
    defaults = SimpleNamespace(pathvars=pathvars.Pathvars.with_defaults())
    assert private.journal_file(defaults) == Path("logs/gpu/placements.jsonl")


def test_no_limit_on_the_rate_of_starts_is_none() -> None:
    source = code(job_scheduler.JobScheduler.__init__)
    assert "self.workflow.scheduling_settings.max_jobs_per_timespan\n" in source
    settings = SchedulingSettings()
    run = SimpleNamespace(local_exec=True, scheduling_settings=settings)
    private.lift_rate_limit(SimpleNamespace(workflow=run))
    assert settings.max_jobs_per_timespan is None


def test_the_shell_of_a_job_is_its_own_or_snakemakes() -> None:
    assert private.shell_executable(SimpleNamespace(resources={"shell_exec": "sh"})) == "sh"
    of_all = private.shell_executable(SimpleNamespace(resources={}))
    assert of_all == (shell.get_executable() or "")


@pytest.mark.parametrize("wrong", ["en-us", 5, ["a"], True])
def test_pathvars_that_are_no_mapping_are_one_sentence(wrong: Any) -> None:
    explain_wrong_pathvars()
    with pytest.raises(ApiError, match="pathvars in the configuration must be names"):
        Pathvars.from_config({"pathvars": wrong})
    assert Pathvars.from_config({"pathvars": {"results": "out"}}).get("results") == "out"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"videos: \xff\xfe", "'utf-8' codec can't decode"),
        (b"videos: " + b"[" * 2000, "nested too deeply"),
        (b"max: 1" + b"0" * 5000, "4300 digits"),
    ],
)
def test_files_of_configuration_that_cannot_be_read_are_one_sentence(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    explain_unreadable_files()
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    with pytest.raises(ApiError, match=rf"Config file .* cannot be read: .*{reason}"):
        configfile.load_configfile(file)
    with pytest.raises(ApiError, match="Is a directory"):
        configfile.load_configfile(tmp_path)
    file.write_text("videos: in")
    assert configfile.load_configfile(file) == {"videos": "in"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EROFS])
def test_a_home_that_takes_no_copy_is_one_sentence(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain_refused_copies()
    monkeypatch.setattr(logging, "raiseExceptions", True)
    (tmp_path / "Snakefile").write_text("")
    source = sourcecache.infer_source_file(str(tmp_path / "Snakefile"))
    cache = sourcecache.SourceCache(tmp_path / "cache")
    with cache.open(source) as copy:
        assert copy.read() == ""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    again = sourcecache.SourceCache(tmp_path / "other")
    monkeypatch.setattr(sourcecache.LockFreeWritableFile, "write_from_fileobj", refuse)
    with pytest.raises(
        ApiError, match=rf"other' \({os.strerror(number)}\); .*XDG_CACHE_HOME"
    ) as told:
        again.open(source)
    assert cut_traceback(told.value) == [], "Snakemake would show places in code"
    assert not logging.raiseExceptions
    for one in (cache, again):
        one.runtime_cache.cleanup()
    monkeypatch.setattr(os, "makedirs", refuse)
    with pytest.raises(ApiError, match="cannot write to its folder"):
        sourcecache.SourceCache(tmp_path / "third")
