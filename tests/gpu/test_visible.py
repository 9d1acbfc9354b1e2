"""CUDA_VISIBLE_DEVICES: read as CUDA reads it, and never widened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpulease.inventory import Gpu
from gpulease.visible import uses_indices, visible_gpus

A, B, C = (
    Gpu(index, f"GPU-{start}-4444-5555-6666-777788889999", "Model", 24000, 23700)
    for index, start in enumerate(("8f2a1111", "8f2b1111", "c0de1111"))
)
PARENT = "GPU-d00d1111-4444-5555-6666-777788889999"
M1 = Gpu(3, "MIG-aaaa1111", "Model MIG 1g", 10000, 10000, PARENT, (7, 0))
M2 = Gpu(3, "MIG-bbbb1111", "Model MIG 1g", 10000, 10000, PARENT, (8, 0))
ALL = [A, B, C, M1, M2]


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (None, ALL),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0", [A]),
        ("2,0", [C, A]),
        (" 1 , 2", [B, C]),
        ("0,9,1", [A]),
        ("0,-1,1", [A]),
        ("0,x,1", [A]),
        ("0,,1", [A]),
        ("0,0", []),
        ("1,GPU-8f2b", []),
        (A.uuid, [A]),
        (A.uuid.upper().replace("GPU", "GPU"), [A]),
        ("GPU-8f2a,GPU-c0", [A, C]),
        ("GPU-8f2", []),
        ("GPU-c0,GPU-8f2,GPU-8f2a", [C]),
        ("GPU-", []),
        ("3", [M1]),
        ("MIG-bbbb", [M2]),
        ("MIG-aaaa1111,MIG-bbbb1111", [M1, M2]),
        (f"MIG-{PARENT}/8/0", [M2]),
        (f"MIG-{PARENT}/9/0", []),
        (PARENT, [M1]),
        ("4", []),
    ],
)
def test_the_variable_is_read_as_cuda_reads_it(variable: str | None, expected: list[Gpu]) -> None:
    assert visible_gpus(ALL, variable) == expected


def test_numbers_follow_the_order_of_cuda_where_it_is_known() -> None:
    order = [C.uuid, PARENT, A.uuid, B.uuid]
    assert visible_gpus(ALL, "0,1", order) == [C, M1]
    assert visible_gpus(ALL, "4", order) == []
    assert visible_gpus(ALL, A.uuid, order) == [A]


@given(st.text(alphabet="0123456789,-GPUMIabcdef/ \n\x00é+", max_size=40))
def test_no_text_widens_the_choice_or_breaks(variable: str) -> None:
    allowed = visible_gpus(ALL, variable)
    assert len(set(allowed)) == len(allowed) <= len(variable.split(","))
    assert set(allowed) <= set(ALL)


def test_what_counts_as_a_number() -> None:
    assert uses_indices("1,2")
    assert not uses_indices("GPU-8f2a")
    assert not uses_indices("")
    assert not uses_indices(None)
