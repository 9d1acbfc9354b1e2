"""What is encrypted is refused as such, and what is not is taken."""

from pathlib import Path

import pytest

from tests.helpers.embedding import media_of
from tests.helpers.encrypted import ENCRYPTED
from tests.helpers.media import make_video
from tests.helpers.oddities import PACKET
from vat.errors import SourceError


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_it_is_refused_as_encrypted(kind: str, tmp_path: Path) -> None:
    suffix, maker = ENCRYPTED[kind]
    path = tmp_path / f"v.{suffix}"
    maker(path)
    with pytest.raises(SourceError, match=rf"'v\.{suffix}' is encrypted"):
        media_of(path)


def test_a_broadcast_with_some_damaged_packets_is_taken(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.ts", 4)
    data = bytearray(path.read_bytes())
    for at in range(PACKET * 40, len(data), PACKET * 12):
        data[at + 3] |= 0xC0
    path.write_bytes(data)
    assert media_of(path).duration > 3
