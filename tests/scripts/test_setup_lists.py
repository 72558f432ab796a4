"""The set-up lists are data: one name a line, with the reason why it is there."""
import re
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[2] / "setup"


@pytest.mark.parametrize("name", sorted(path.name for path in SETUP.glob("*.txt")))
def test_every_line_is_a_name_with_a_reason(name):
    lines = [line for line in (SETUP / name).read_text().splitlines() if line and not line.startswith("#")]
    wanted = r"[\w.-]+==[\w.]+ +# \S.*" if "python" in name else r"[a-z0-9.+-]+ +# \S.*"
    assert lines and [line for line in lines if not re.fullmatch(wanted, line)] == []
    names = [re.split("[ =]", line)[0] for line in lines]
    assert len(names) == len(set(names))
