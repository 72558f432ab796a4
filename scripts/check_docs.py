#!/usr/bin/env python3
"""Holds the documentation against the repository: links, files and the table of modules.

usage: check_docs.py [--module-table FILE] [--write] [ROOT]

1. Every relative link in a Markdown file names a file that exists, and its #anchor a heading of that file.
2. The table between <!-- modules --> and <!-- /modules --> in docs/tour.md equals FILE, which CMake writes from the
   modules' own words (build/<preset>/module_table.md); --write corrects it.

Exit status 0 when nothing was found, 1 with a line "file:line: what" for each finding.
"""
import argparse
import pathlib
import re
import sys

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
TABLE = re.compile(r"(<!-- modules -->\n\n\|[^\n]*\n\|[^\n]*\n)(.*?)(\n<!-- /modules -->)", re.DOTALL)


def without_code(text):
    """`text` with code blanked, line for line: links in examples are not links."""
    text = re.sub(r"^(```|~~~).*?^\1", lambda block: "\n" * block.group().count("\n"), text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchor(heading):
    """The name that GitHub gives a heading."""
    words = re.sub(r"[^\w\- ]", "", re.sub(r"`|\*|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower().strip())
    return words.replace(" ", "-")


def anchors(path):
    # Fenced code may hold lines that start with '#', inline code may be part of a heading.
    text = re.sub(r"^(```|~~~).*?^\1", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    names = [anchor(heading) for heading in re.findall(r"^#+ +(.*?)#*$", text, re.MULTILINE)]
    return {name if i == 0 else f"{name}-{i}" for name in names for i in range(names.count(name))}


def check_links(root, path):
    """Yields (line, what) for one Markdown file."""
    for number, line in enumerate(without_code(path.read_text(encoding="utf-8")).splitlines(), 1):
        for link in LINK.findall(line):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, fragment = link.partition("#")
            target = (root / name.lstrip("/") if name.startswith("/") else path.parent / name) if name else path
            if not target.exists():
                yield number, f"link to {link}: there is no such file"
            elif fragment and target.suffix == ".md" and fragment not in anchors(target):
                yield number, f"link to {link}: {target.name} has no heading #{fragment}"


def check_modules(tour, rows, write):
    """Yields (line, what) when the table of modules in `tour` is not `rows`."""
    text = tour.read_text(encoding="utf-8")
    table = TABLE.search(text)
    if not table:
        yield 1, "no table between <!-- modules --> and <!-- /modules -->"
    elif table[2].strip() != rows.strip():
        if write:
            tour.write_text(text[:table.start(2)] + rows.strip() + "\n" + text[table.end(2):], encoding="utf-8")
        else:
            yield text[:table.start()].count("\n") + 1, ("the table of modules is not what CMake says: "
                                                         "run scripts/check_docs.py --module-table FILE --write")


def markdown_files(root):
    inside = ("docs", "examples", "bench", "tests", "fuzz", "setup", "python", "web")
    return sorted([*root.glob("*.md"), *(path for folder in inside for path in (root / folder).rglob("*.md"))])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--module-table", type=pathlib.Path)
    parser.add_argument("--write", action="store_true", help="correct the table of modules")
    args = parser.parse_args()

    found = [(path, line, what) for path in markdown_files(args.root) for line, what in check_links(args.root, path)]
    if args.module_table:
        tour = args.root / "docs" / "tour.md"
        found += [(tour, line, what) for line, what in check_modules(tour, args.module_table.read_text(encoding="utf-8"), args.write)]
    for path, line, what in found:
        print(f"{path.relative_to(args.root)}:{line}: {what}")
    if not found:
        print("links and the table of modules are as they should be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
