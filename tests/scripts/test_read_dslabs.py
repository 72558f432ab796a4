"""scripts/read_dslabs.py reads R's lazy-load data bases in each of their forms, and refuses what is none."""
import bz2
import gzip
import lzma
import pathlib
import struct
import subprocess
import sys
import zlib

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "read_dslabs.py"

# A writer of R's serialization, as much of it as a data frame needs.
NULL = struct.pack(">i", 254)


def ints(*values):
    return struct.pack(f">{len(values)}i", *values)


def string(text):
    if text is None:
        return ints(9, -1)
    data = text.encode("latin-1") if text == "Amélie" else text.encode()
    return ints(9 | (4 << 12 if text == "Amélie" else 0), len(data)) + data


def with_attributes(kind, body, attributes):
    if not attributes:
        return ints(kind) + body
    pairs = b"".join(ints(2 | 1 << 10, 1) + string(name) + value for name, value in attributes.items())
    return ints(kind | 1 << 9) + body + pairs + NULL


def strings(values):
    return ints(16, len(values)) + b"".join(map(string, values))


def integers(values, **attributes):
    return with_attributes(13, ints(len(values), *(-2**31 if value is None else value for value in values)), attributes)


def doubles(values):
    return ints(14, len(values)) + struct.pack(f">{len(values)}d", *values)


def sequence(count, first):
    """The short form of first, first + 1, ..."""
    info = ints(2, 1) + string("compact_intseq") + NULL
    return ints(238) + info + doubles([count, first, 1]) + NULL


def named(**values):
    return with_attributes(19, ints(len(values)) + b"".join(values.values()), {"names": strings(list(values))})


def serialized(item, version=3):
    encoding = ints(5) + b"UTF-8" if version == 3 else b""
    return b"X\n" + ints(version, 0x40202, 0x30500) + encoding + item


MOVIELENS = {
    "movieId": integers([31, 7, 31, 9]),
    "title": strings(["Dangerous Minds", None, "Dangerous Minds", "Amélie"]),
    "year": integers([1995, None, 1995, 2001]),
    "genres": integers([2, 1, 2, 1], levels=strings(["Comedy|Romance", "Drama"]), **{"class": strings(["factor"])}),
    "userId": sequence(4, 1),
    "rating": doubles([2.5, 4, 0.5, 5]),
    "timestamp": integers([1260759144, 1260759179, 1260759182, 1260759185]),
}
RATINGS = "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n2,7,4,1260759179\n3,31,0.5,1260759182\n4,9,5,1260759185\n"
MOVIES = "movieId,title,genres\n31,Dangerous Minds (1995),Drama\n7,,Comedy|Romance\n9,Amélie (2001),Comedy|Romance\n"

PACKERS = {
    "zlib": (1, zlib.compress),
    "lzma": (3, lambda x: b"Z" + lzma.compress(x, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}])),
    "bzip2": (2, lambda x: b"2" + bz2.compress(x)),
    "stored": (3, lambda x: b"0" + x),
}


def write_base(folder, frame=MOVIELENS, packer="zlib", version=3, cut=0, announce=0):
    folder.mkdir(parents=True)
    compressed, pack = PACKERS[packer]
    content = serialized(named(**frame), version)
    record = struct.pack(">I", len(content) + announce) + pack(content[:len(content) - cut] if cut else content)
    index = named(variables=named(other=integers([0, 0]), movielens=integers([3, len(record)])), references=named(x=NULL),
                  compressed=integers([compressed]))
    (folder / "Rdata.rdb").write_bytes(b"abc" + record)
    (folder / "Rdata.rdx").write_bytes(gzip.compress(serialized(index)))


def read(folder, out):
    return subprocess.run([sys.executable, "-B", SCRIPT, folder, out], capture_output=True, encoding="utf-8")


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("packer", PACKERS)
def test_ratings_and_movies_come_out_of_every_form(tmp_path, packer, version):
    write_base(tmp_path / "usr" / "data", packer=packer, version=version)
    done = read(tmp_path / "usr", tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "4 ratings, 4 users, 3 movies\n", "")
    assert (tmp_path / "out" / "ratings.csv").read_text(encoding="utf-8") == RATINGS
    assert (tmp_path / "out" / "movies.csv").read_text(encoding="utf-8") == MOVIES


@pytest.mark.parametrize("what, words", [
    (dict(frame={**MOVIELENS, "rating": doubles([1])}), "columns of different lengths"),
    (dict(frame={name: MOVIELENS[name] for name in MOVIELENS if name != "rating"}), "columns rating are missing"),
    (dict(frame={**MOVIELENS, "genres": integers([2, 1, 3, 1], levels=strings(["a", "b"]))}), "holds a code outside"),
    (dict(frame={**MOVIELENS, "rating": ints(25)}), "R type 25"),
    (dict(announce=1), "that announced"),
    (dict(cut=9, announce=-9), "data end early"),
    (dict(version=4), "serialization version 4"),
])
def test_other_data_are_refused_and_leave_no_file(tmp_path, what, words):
    write_base(tmp_path / "usr", **what)
    done = read(tmp_path / "usr", tmp_path / "out")
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_without_data_is_refused(tmp_path):
    done = read(tmp_path, tmp_path / "out")
    assert done.returncode == 1 and "no Rdata.rdx below" in done.stderr
