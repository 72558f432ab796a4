#!/usr/bin/env python3
"""Reads MovieLens out of Debian's package r-cran-dslabs, without R, and writes it as two CSV files.

usage: read_dslabs.py FOLDER OUT
  FOLDER  the unpacked package, or any folder with Rdata.rdx and Rdata.rdb somewhere below it
  OUT     gets ratings.csv (userId,movieId,rating,timestamp; rows in the order of the data)
          and movies.csv (movieId,title,genres; a movie a row, in the order of its first rating; the title with its
          year, as GroupLens writes it, since remakes share their titles)

R keeps the data of a package in a "lazy-load data base". All numbers are big-endian.

  Rdata.rdx   gzip of one serialized list: variables = list(name = c(offset, length), ...), compressed = 1, 2 or 3
  Rdata.rdb   records; a record is the length of its content (4 bytes), then the content, compressed:
              1 a zlib stream; 2 or 3 a byte, 'Z' raw LZMA2, '2' bzip2 or '0' stored, and the data
  content     "X\\n", version (2 or 3), the writer's version, the oldest reader's version (4 bytes each);
              in version 3 the length and name of the native encoding; then one item
  item        4 bytes of flags: type = flags & 255, bit 9 = attributes follow, bit 10 = a tag comes first,
              flags >> 12 = levels (of a string: bit 2 = Latin-1); then what the type says, see Unserializer

Only the types that data frames are made of are read; any other is an error, and so is data that end early.
"""
import bz2
import csv
import gzip
import lzma
import os
import pathlib
import struct
import sys
import zlib

NA_INTEGER = -2**31
HAS_ATTRIBUTES, HAS_TAG = 1 << 9, 1 << 10


class FormatError(Exception):
    """The file is not what this reader knows; says what came instead."""


class Vector(list):
    """Values of one R vector (a missing one is None), with its attributes."""

    def __init__(self, values, attributes):
        super().__init__(values)
        self.attributes = attributes

    def named(self):
        """A list of named values as a dict."""
        names = self.attributes.get("names")
        if names is None or len(names) != len(self):
            raise FormatError("a list without names where named values are needed")
        return dict(zip(names, self))

    def labels(self):
        """The values; of a factor, whose values count from 1, the levels that they stand for."""
        levels = self.attributes.get("levels")
        if levels is None:
            return list(self)
        if any(code is not None and not 1 <= code <= len(levels) for code in self):
            raise FormatError(f"a factor with {len(levels)} levels holds a code outside of them")
        return [None if code is None else levels[code - 1] for code in self]


class Unserializer:
    """One item of R's serialization format, versions 2 and 3, in its binary (XDR) form."""

    NULLS = {254, 253, 251, 242}  # NULL, global environment, missing argument, empty environment
    SYMBOL, PAIRS, STRING, LOGICAL, INTEGER, DOUBLE, STRINGS, LIST, ALTREP, REFERENCE = 1, 2, 9, 10, 13, 14, 16, 19, 238, 255

    def __init__(self, content):
        self.content, self.position, self.references = content, 0, []
        if self.take(2) != b"X\n":
            raise FormatError("not R's binary serialization: it would begin with 'X' and a line feed")
        version = self.integer()
        self.take(8)
        if version not in (2, 3):
            raise FormatError(f"serialization version {version}; 2 and 3 are known")
        if version == 3:
            self.take(self.integer())

    def take(self, count):
        end = self.position + count
        if count < 0 or end > len(self.content):
            raise FormatError(f"data end early: {count} bytes wanted at {self.position} of {len(self.content)}")
        found, self.position = self.content[self.position:end], end
        return found

    def integer(self):
        return struct.unpack(">i", self.take(4))[0]

    def array(self, letter, width):
        count = self.integer()
        if count < 0:
            raise FormatError("a vector of 2^31 or more values")
        return struct.unpack(f">{count}{letter}", self.take(count * width))

    def item(self):
        flags = self.integer()
        kind = flags & 255
        if kind in self.NULLS:
            return None
        if kind == self.REFERENCE:
            place = (flags >> 8) or self.integer()
            if not 1 <= place <= len(self.references):
                raise FormatError(f"reference {place}, but there are {len(self.references)}")
            return self.references[place - 1]
        if kind == self.SYMBOL:
            self.references.append(self.item())
            return self.references[-1]
        if kind == self.STRING:
            length = self.integer()
            return None if length == -1 else self.take(length).decode("latin-1" if flags >> 12 & 4 else "utf-8")
        if kind == self.PAIRS:
            return self.pairs(flags)
        if kind == self.ALTREP:
            return self.compact(self.item(), self.item(), self.item())
        if kind in (self.LOGICAL, self.INTEGER):
            values = [None if value == NA_INTEGER else value for value in self.array("i", 4)]
        elif kind == self.DOUBLE:
            values = self.array("d", 8)
        elif kind in (self.STRINGS, self.LIST):
            values = [self.item() for _ in range(self.integer())]
        else:
            raise FormatError(f"R type {kind} at {self.position - 4} is none that data frames are made of")
        return Vector(values, dict(self.item() or ()) if flags & HAS_ATTRIBUTES else {})

    def pairs(self, flags):
        """A linked list: (tag, value) until something that is no pair."""
        found = []
        while flags & 255 == self.PAIRS:
            if flags & HAS_ATTRIBUTES:
                self.item()
            tag = self.item() if flags & HAS_TAG else None
            found.append((tag, self.item()))
            flags = self.integer()
        if flags & 255 not in self.NULLS:
            raise FormatError(f"a list of pairs ends in type {flags & 255}")
        return found

    def compact(self, info, state, attributes):
        """A vector that R wrote in short: from n, first and step, or wrapped in another."""
        name = info[0][1]
        if name in ("compact_intseq", "compact_realseq"):
            count, first, step = (int(value) for value in state)
            values = [first + i * step for i in range(count)]
        elif name.startswith("wrap_"):
            values = state[0] if isinstance(state, Vector) else state[0][1]
        else:
            raise FormatError(f"a vector in the short form '{name}'")
        return Vector(values, dict(attributes or getattr(values, "attributes", {})))


def record_content(record, compressed):
    length, body = struct.unpack(">I", record[:4])[0], record[4:]
    how = "zlib" if compressed == 1 else {b"Z": "lzma", b"2": "bzip2", b"0": "stored"}.get(body[:1])
    if how == "zlib":
        content = zlib.decompress(body)
    elif how == "lzma":
        content = lzma.decompress(body[1:], lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 26}])
    elif how == "bzip2":
        content = bz2.decompress(body[1:])
    elif how == "stored":
        content = body[1:]
    else:
        raise FormatError(f"a record compressed in way {compressed}, {body[:1]}")
    if len(content) != length:
        raise FormatError(f"a record of {len(content)} bytes that announced {length}")
    return content


def read_object(folder, name):
    """The object `name` of the first lazy-load data base below `folder`."""
    index_path = next(iter(sorted(pathlib.Path(folder).rglob("Rdata.rdx"))), None)
    if index_path is None:
        raise FormatError(f"no Rdata.rdx below {folder}")
    index = dict(Unserializer(gzip.decompress(index_path.read_bytes())).item().named())
    variables = index["variables"].named()
    if name not in variables:
        raise FormatError(f"{index_path} has no '{name}' but {', '.join(variables)}")
    offset, length = (int(value) for value in variables[name])
    with open(index_path.with_suffix(".rdb"), "rb") as file:
        file.seek(offset)
        record = file.read(length)
    if len(record) != length:
        raise FormatError(f"Rdata.rdb ends within the record of '{name}'")
    return Unserializer(record_content(record, index["compressed"][0])).item()


def columns_of(frame, names):
    """The columns `names` of a data frame, all of one length."""
    held = frame.named()
    missing = [name for name in names if name not in held]
    if missing:
        raise FormatError(f"columns {', '.join(missing)} are missing; there are {', '.join(held)}")
    columns = [held[name].labels() for name in names]
    if len({len(column) for column in columns}) != 1:
        raise FormatError("columns of different lengths")
    return columns


def titled(title, year):
    """"Sabrina" of 1995 is "Sabrina (1995)"; five movies have no title."""
    return f"{title} ({number(year)})" if title and year is not None else title or ""


def number(value):
    """Shortest text: 4.0 is 4, 2.5 is 2.5."""
    return str(int(value)) if value == int(value) else repr(value)


def write_csv(path, header, rows):
    """The file appears whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    os.replace(temporary, path)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = map(pathlib.Path, sys.argv[1:])
    frame = read_object(folder, "movielens")
    users, movies, ratings, times = columns_of(frame, ("userId", "movieId", "rating", "timestamp"))
    titles, years, genres = columns_of(frame, ("title", "year", "genres"))

    catalogue = {}
    for movie, title, year, genre in zip(movies, titles, years, genres):
        catalogue.setdefault(movie, (titled(title, year), genre or ""))
    out.mkdir(parents=True, exist_ok=True)
    # ratings.csv comes last: where it is, both are.
    write_csv(out / "movies.csv", ("movieId", "title", "genres"), ((number(key), *names) for key, names in catalogue.items()))
    write_csv(out / "ratings.csv", ("userId", "movieId", "rating", "timestamp"),
              (map(number, row) for row in zip(users, movies, ratings, times)))
    print(f"{len(users):,} ratings, {len(set(users)):,} users, {len(catalogue):,} movies")


if __name__ == "__main__":
    try:
        main()
    except (FormatError, OSError, EOFError, zlib.error, lzma.LZMAError, UnicodeDecodeError) as error:
        sys.exit(f"read_dslabs.py: {error}")
