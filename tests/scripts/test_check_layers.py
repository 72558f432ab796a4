"""scripts/check_layers.py finds each kind of breach, and nothing else."""
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check_layers.py"


def check(root, name, text):
    file = root / name
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-B", SCRIPT, root], capture_output=True, encoding="utf-8")
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("name, text, line, word", [
    ("kinspace/data/reader.cc", '\n#include "kinspace/nn/tape.h"\n', 2, "kinspace/nn/tape.h"),
    ("kinspace/metrics/ndcg_test.cc", '#include "kinspace/estimator/train.h"\n', 1, "kinspace/estimator/train.h"),
    ("kinspace/base/error.cc", '#  include <kinspace/tensor/matrix.h>\n', 1, "nothing but itself"),
    ("kinspace/estimator/train.cc", '#include "apps/cli/train.h"\n', 1, "programs lie above"),
    ("kinspace/shortcuts/all.cc", "int x;\n", 1, "no module"),
    ("kinspace/formats/manifest.h", "#include <nlohmann/json.hpp>\n", 1, "nlohmann/json.hpp"),
    ("kinspace/estimator/spec.h", "#include <toml++/toml.h>\n", 1, "toml++/toml.h"),
    ("kinspace/nn/tape.cc", "void f() {\n  printf(1);\n}\n", 2, "printf"),
    ("kinspace/nn/tape.cc", 'const char quote = \'"\'; void f() { std::cerr << quote; }\n', 1, "std::cerr"),
    ("kinspace/nn/tape.cc", "void f() { if (!ok) std::exit(1); }\n", 1, "exit"),
    ("kinspace/nn/tape.cc", "void f() { abort (); }\n", 1, "abort"),
    ("kinspace/nn/tape.cc", "int x;\n" * 501, 501, "501 lines"),
    ("kinspace/nn/tape_test.cc", "int x;\n" * 801, 801, "801 lines"),
    ("apps/cli/train.cc", "int x;\n" * 501, 501, "501 lines"),
])
def test_a_breach_is_named_with_its_line(tmp_path, name, text, line, word):
    status, said = check(tmp_path, name, text)
    assert status == 1
    assert said.startswith(f"{name}:{line}: ") and word in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name, text", [
    ("kinspace/nn/tape.cc", '#include "kinspace/features/vocabulary_column.h"\n#include "kinspace/nn/tape.h"\n'),
    ("kinspace/formats/manifest.cc", "#include <nlohmann/json.hpp>\n"),
    ("kinspace/nn/tape.cc", "// printf(x) is not called\n/* nor is\n exit(1) */ auto s = \"abort()\"; auto t = R\"(std::cout)\";\n"),
    ("kinspace/nn/tape.cc", "int n = std::snprintf(to, size, format); exit_status(code); file_.flush();\n"),
    ("kinspace/nn/tape_test.cc", "void f() { std::cout << 1; }\n"),
    ("apps/cli/train.cc", '#include "kinspace/estimator/train.h"\nvoid f() { std::exit(1); }\n'),
    ("kinspace/nn/tape.cc", "int x;\n" * 500),
    ("kinspace/nn/tape_test.cc", "int x;\n" * 800),
])
def test_what_the_rules_allow_is_not_found(tmp_path, name, text):
    status, said = check(tmp_path, name, text)
    assert (status, said) == (0, "layers, headers, silence and lengths are as they should be\n")
