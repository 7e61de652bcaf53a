"""The pages of measurements name what they measure."""

import re

import pytest

from benchmarks.sdk_import import PAGE, ROOT
from benchmarks.stale import MEASURED


def test_each_section_has_its_measured_code() -> None:
    assert sorted(re.findall(r"^<!-- (\w+) -->$", PAGE.read_text(), re.MULTILINE)) == sorted(MEASURED)


@pytest.mark.parametrize("section", MEASURED)
def test_the_measured_code_exists(section: str) -> None:
    missing = [path for path in MEASURED[section] if not (ROOT / path).exists()]
    assert not missing, f"benchmarks/stale.py: {section} measures {missing}, which do not exist"
