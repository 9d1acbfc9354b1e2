"""The benchmark of placement policies: its simulated hosts, its bound, and its rivals."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.gpu_mixes import HOSTS, MIXES, Mix
from benchmarks.gpu_policies import GpuLease, Learner, misses
from benchmarks.gpu_rivals import Emptiest, PlainLedger, SnakemakePool, StaticResource
from benchmarks.gpu_simulation import Host, Job, Policy, Result

# PuLP warns of its own next version.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*PuLP 4.0:DeprecationWarning"),
    # The simulated ledgers go with their policies.
    pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning"),
]

MIX = Mix(MIXES["pipeline"], HOSTS["2x24"], "Poisson", shared=True, used=1.0, seed=0)


class All:
    """Everything at once, on the first GPU."""

    def start(self, waiting: Sequence[Job], host: Host) -> list[tuple[Job, int]]:
        return [(job, 0) for job in waiting]

    def ended(self, job: Job) -> None:
        pass


def job(mem_mb: int = 4000, seconds: float = 100.0, share: float = 0.0, arrival: float = 0) -> Job:
    return Job(arrival, mem_mb, mem_mb, seconds, 1.0, share)


def makespan(*jobs: Job, sizes: Sequence[int] = (24000,)) -> float:
    return Host(sizes).run(jobs, All()).makespan


def test_jobs_on_one_gpu_share_its_arithmetic() -> None:
    assert makespan(job(), job()) == pytest.approx(100)
    assert makespan(job(share=1), job(share=1)) == pytest.approx(200)
    assert makespan(job(share=0.5), job(share=0.5)) == pytest.approx(100)
    # 1.5 times slower for 90 s, in which the short one is done, and 40 s of the long one are left.
    assert makespan(job(share=1), job(share=0.5, seconds=60)) == pytest.approx(130)


def test_what_a_gpu_cannot_hold_is_tried_three_times() -> None:
    result = Host([10000]).run([job(12000)], All())
    assert (result.out_of_memory, result.lost, result.waits) == (3, 1, [])


def test_waiting_is_told_by_user_and_size() -> None:
    jobs = [job(), replace(job(20000), user=1)]
    result = Result(waits=[(jobs[0], 10.0), (jobs[1], 50.0)])
    assert result.wait(50) == 30
    assert (result.worst_user_wait(95), result.longest_wait(20000)) == (50, 50)


@pytest.mark.parametrize("policy", [Emptiest, SnakemakePool, PlainLedger])
def test_a_round_is_spread(policy: type) -> None:
    jobs = [job() for _ in range(8)]
    started = policy(Host([24000, 24000])).start(jobs, Host([24000, 24000]))
    assert [gpu for _, gpu in started] == [0, 1] * 4
    assert len(started) == 8, "no cap beside the memory"


@pytest.mark.parametrize("policy", [PlainLedger, StaticResource])
def test_ledgers_lose_nothing(policy: type) -> None:
    host = Host(MIX.hosts_mb)
    assert host.run(MIX.jobs(), policy(host)).out_of_memory == 0


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(list(MIXES)), st.sampled_from([(24000,), (24000, 40000)]),
    st.sampled_from(["burst", "Poisson"]), st.booleans(), st.integers(0, 99),
)  # fmt: skip
def test_nothing_beats_the_bound(
    kind: str, hosts: tuple[int, ...], arrivals: str, shared: bool, seed: int
) -> None:
    mix = Mix(MIXES[kind], hosts, arrivals, shared, 1.0, seed)
    for policy in (PlainLedger, StaticResource):
        host = Host(hosts)
        assert host.run(mix.jobs(), policy(host)).makespan >= mix.bound() - 0.01


@pytest.mark.long
def test_learning_wins_where_jobs_take_less_than_they_declare() -> None:
    mix = replace(MIX, shared=False, used=3 / 8)

    def run(policy: type[GpuLease]) -> Result:
        host = Host(mix.hosts_mb)
        return host.run(mix.jobs(), policy(host, 0))

    declared, learnt = run(GpuLease), run(Learner)
    assert learnt.out_of_memory == declared.out_of_memory == 0
    assert learnt.makespan < 0.5 * declared.makespan


@pytest.mark.long
def test_keeping_memory_for_large_jobs_costs_no_more_than_it_buys() -> None:
    mix = Mix(MIXES["odd"], HOSTS["2x24"], "Poisson", shared=False, used=1.0, seed=0)

    def run(policy: Callable[[Host], Policy]) -> Result:
        host = Host(mix.hosts_mb)
        return host.run(mix.jobs(), policy(host))

    ours, plain = run(lambda host: GpuLease(host, 0)), run(PlainLedger)
    assert ours.makespan <= min(plain.makespan, 1.1 * mix.bound())
    assert ours.longest_wait(21000) < 0.8 * plain.longest_wait(21000)


def test_the_verdict_names_what_is_owed() -> None:
    good, bad = Result(makespan=100), Result(makespan=100, out_of_memory=1)
    found = {"plain ledger": ([good], [1.0]), "gpulease": ([bad], [1.2])}
    said = misses(MIX, found)
    assert said == [
        "gpulease runs out of memory",
        "1.200 exceeds 1.1",
        "plain ledger takes 1.000, gpulease 1.200",
    ]
    assert misses(MIX, {"emptiest": ([bad], [0.5]), "gpulease": ([good], [1.05])}) == []
