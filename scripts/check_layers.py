#!/usr/bin/env python3
"""Holds the sources against the rules of the house, and lists every place that breaks one.

usage: check_layers.py [ROOT]

1. A file includes its own layer and those below it (docs/tour.md draws them).
2. Headers do not include libraries that are slow to compile or that would leak into every user: HEAVY.
3. The library does not print, exit or abort: LOUD. Programs and tests may.
4. A file has at most 500 lines, a test at most 800.

Exit status 0 when nothing was found, 1 with a line "file:line: what" for each finding.
"""
import pathlib
import re
import sys

GROUND = ("base", "kernels", "tensor")
# Module -> modules it may include besides itself.
MAY_INCLUDE = {
    "base": (),
    "kernels": ("base",),
    "tensor": ("base", "kernels"),
    "data": GROUND,
    "features": (*GROUND, "data"),
    "profile": (*GROUND, "data", "features"),
    "nn": (*GROUND, "data", "features"),
    "metrics": (*GROUND, "data"),
    "formats": (*GROUND, "data"),
    "index": (*GROUND, "data"),
    "estimator": (*GROUND, "data", "features", "profile", "nn", "metrics", "formats", "index"),
}

HEAVY = re.compile(r"nlohmann/|toml\+\+/|toml\.hpp|CLI/|hwy/|spdlog/|simdjson|boost/|prometheus/|.*\.pb\.h")
LOUD = re.compile(r"\b(?:std::cout|std::cerr|std::clog|(?:v|f|vf)?printf\s*\(|puts\s*\(|putchar\s*\(|fputs\s*\(|perror\s*\("
                  r"|fmt::print\b|(?:quick_|_|_E|at_quick_)?exit\s*\(|_Exit\s*\(|abort\s*\(|std::terminate\b)")
INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
# Raw strings come first, since they may hold quotes and comment marks; the character '"' opens no string.
COMMENT_OR_STRING = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/', re.DOTALL)

SOURCES = {".h", ".cc", ".py", ".sh", ".cmake", ".txt", ".toml"}
LIMIT, TEST_LIMIT = 500, 800


def code_of(text):
    """`text` without comments and the insides of strings, line for line."""
    return COMMENT_OR_STRING.sub(lambda found: "\n" * found.group().count("\n") or '""', text)


def is_test(path):
    return path.stem.endswith("_test") or path.stem.startswith("test_") or {"tests", "testing"} & set(path.parts)


def check_includes(path, text):
    """Yields (line, what) for a file of kinspace/; `path` is relative to the repository."""
    module = path.parts[1] if len(path.parts) > 2 else None
    if module not in MAY_INCLUDE:
        yield 1, f"belongs to no module that check_layers.py knows: {', '.join(MAY_INCLUDE)}"
        return
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if not include:
            continue
        name = include[1] or include[2]
        if path.suffix == ".h" and HEAVY.match(name) and not is_test(path):
            yield number, f"a header includes {name}: move what needs it into a .cc file"
        if name.startswith("apps/"):
            yield number, f"{module} may not include {name}: programs lie above"
        if name.startswith("kinspace/"):
            below = name.split("/")[1]
            if below != module and below not in MAY_INCLUDE[module]:
                allowed = ", ".join(MAY_INCLUDE[module]) or "nothing but itself"
                yield number, f"{module} may not include {name}: below it lie {allowed}"


def check_silence(text):
    for number, line in enumerate(code_of(text).splitlines(), 1):
        loud = LOUD.search(line)
        if loud:
            yield number, f"'{loud.group().rstrip('( ')}' in the library: throw kin::Error, or give text to the caller"


def check_length(path, text):
    lines, limit = text.count("\n"), TEST_LIMIT if is_test(path) else LIMIT
    if lines > limit:
        yield limit + 1, f"{lines} lines, more than {limit}: which two things does the file hold?"


def findings(root):
    """Yields (path, line, what), the paths in order."""
    folders = ("kinspace", "apps", "bench", "cmake", "examples", "fuzz", "scripts", "setup", "tests", "python")
    for path in sorted(p for folder in folders for p in (root / folder).rglob("*") if p.suffix in SOURCES and p.is_file()):
        relative = path.relative_to(root)
        if "golden" in relative.parts:
            continue
        text = path.read_text(encoding="utf-8")
        found = [check_length(relative, text)]
        if relative.parts[0] == "kinspace" and path.suffix in (".h", ".cc"):
            found.append(check_includes(relative, text))
            if not is_test(relative):
                found.append(check_silence(text))
        for check in found:
            for line, what in check:
                yield relative, line, what


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    found = [f"{path}:{line}: {what}" for path, line, what in findings(root)]
    print("\n".join(found) or "layers, headers, silence and lengths are as they should be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
