"""scripts/check_docs.py finds links that lead nowhere and a table of modules that is out of date."""
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check_docs.py"
TOUR = """# Tour

<!-- modules -->

| module | what | built on |
|---|---|---|
| `base` | Old words | |

<!-- /modules -->
after
"""


def check(root, *arguments):
    done = subprocess.run([sys.executable, "-B", SCRIPT, root, *arguments], capture_output=True, encoding="utf-8")
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, done.stdout


@pytest.fixture
def root(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tour.md").write_text(TOUR)
    (tmp_path / "LICENSE").write_text("")
    return tmp_path


@pytest.mark.parametrize("link, word", [
    ("[x](docs/gone.md)", "no such file"),
    ("![x](docs/gone.png)", "no such file"),
    ("[x](docs/tour.md#gone)", "no heading #gone"),
    ("[x](#gone)", "no heading #gone"),
])
def test_a_link_that_leads_nowhere_is_named_with_its_line(root, link, word):
    (root / "README.md").write_text(f"# Title\n\nSee {link}.\n")
    status, said = check(root)
    assert status == 1 and said.startswith("README.md:3: ") and word in said


def test_links_that_lead_somewhere_pass(root):
    (root / "README.md").write_text("# The `kin` program, twice\n[a](docs/tour.md#tour) [b](LICENSE) [c](https://example.org/x)"
                                    "[d](#the-kin-program-twice)\n`[e](gone)`\n```\n[f](gone)\n```\n")
    assert check(root)[0] == 0


def test_a_table_of_modules_that_is_out_of_date_is_found_and_written_anew(root):
    rows = root / "rows.md"
    rows.write_text("| `base` | New words | |\n| `data` | Readers | base |\n")
    status, said = check(root, "--module-table", rows)
    assert status == 1 and said.startswith("docs/tour.md:3: the table of modules")
    assert check(root, "--module-table", rows, "--write")[0] == 0
    assert check(root, "--module-table", rows)[0] == 0
    assert (root / "docs" / "tour.md").read_text() == TOUR.replace("| `base` | Old words | |\n", rows.read_text())
