"""Files that ought not to exist: a list of nasty ones, each as (name, bytes)."""

import io
import json
import random
import zipfile
from functools import cache

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

EVIL = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1"> **b** $x$ [l](javascript:window.hacked=1)'
GOOD = b"text,label\n" + b"".join(b"a good film number %d,%s\n" % (i, b"xy"[i % 2 : i % 2 + 1]) for i in range(30))


@cache
def nasty() -> list[tuple[str, bytes]]:
    """The list that people's files taught."""
    rows = [f"text {i} of the file\tlabel {i % 2}" for i in range(12)]
    plain = "\n".join(rows)
    return [
        ("nul.csv", GOOD.replace(b"good", b"go\0od")),
        ("only_nul.csv", b"\0" * 4000),
        ("lone_quote.csv", GOOD.replace(b"a good film number 7", b'a "good film number 7')),
        ("open_quote.csv", b'text,label\n"never closed,x\nb,y\nc,x\n'),
        ("quotes_everywhere.csv", b'"""",""""\n' * 50),
        ("many_columns.csv", (",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join("x" * 10_000) + "\n").encode()),
        ("many_columns.conll", (" ".join("w" * 10_000) + "\n\n") .encode() * 3),
        ("one_huge_cell.csv", b"text,label\n" + b"word " * 1_000_000 + b",x\n" + GOOD[11:]),
        ("huge_line.jsonl", b'{"text": "' + b"x" * 5_000_000 + b'", "label": "a"}\n' * 2),
        ("mixed_encodings.csv", "text;label\nçãé;a\n".encode() + "õüñ;b\n".encode("latin-1") * 10),
        ("utf16_cut.csv", plain.encode("utf-16")[:-1]),
        ("utf32.csv", plain.encode("utf-32")),
        ("wrong_mark.csv", b"\xff\xfe" + plain.encode()),
        ("formulas.csv", b"text,label\n" + b"".join(b'=cmd|"/c calc"!A%d,@SUM(1)\n+1+1,-2\n' % i for i in range(9))),
        ("script.tsv", ("text\tlabel\n" + "\n".join(f"{EVIL} {i}\t{EVIL}{i % 2}" for i in range(12))).encode()),
        ("script_name_<img src=x onerror=window.hacked=1>.csv", GOOD),
        ("script_columns.csv", GOOD.replace(b"text,label", f'"{EVIL.replace(chr(34), chr(34) * 2)}",label'.encode())),
        ("right_to_left.tsv", "\n".join(f"هذا فيلم جيد {i} \u202eevil\u202c\t{'إيجابي' if i % 2 else 'سلبي'}" for i in range(12)).encode()),
        ("emoji.tsv", "\n".join(f"👩‍👩‍👧‍👦 🏳️‍🌈 {i} 💀\t{'👍' if i % 2 else '👎'}" for i in range(12)).encode()),
        ("surrogates.jsonl", b'{"text": "\\ud800 alone", "label": "x"}\n' * 3 + b'{"text": "fine", "label": "y"}\n' * 3),
        ("combining.tsv", "\n".join(f"z{'̴' * 500}algo {i}\t{i % 2}" for i in range(12)).encode()),
        ("zero_width.tsv", "\n".join(f"\u200b\u200b\u2060\t{i % 2}" for i in range(12)).encode()),
        ("carriage_returns.csv", GOOD.replace(b"\n", b"\r")),
        ("mixed_line_ends.csv", GOOD.replace(b"3,", b"3,\r\n").replace(b"5,", b"5,\r")),
        ("spaces_only.csv", b"   \n \t \n\n"),
        ("comma_only.csv", b",,,,\n,,,,\n" * 10),
        ("header_only.csv", b"text,label\n"),
        ("one_cell.csv", b"x"),
        ("long_header.csv", b"x" * 100_000 + b",label\na,b\nc,d\n"),
        ("same_names.csv", GOOD.replace(b"text,label", b"text,text")),
        ("no_names.csv", GOOD.replace(b"text,label", b",")),
        ("short_rows.csv", b"a,b,c\n1\n2,3\n4,5,6\n7,8,9,10\n"),
        ("numbers.csv", b"\n".join(b"%d,%d" % (i, i) for i in range(30))),
        ("nan.csv", b"text,score\n" + b"good film,nan\nbad film,inf\nfilm,1e999\nso so,-0.0\n" * 4),
        ("deep.json", b"[" * 100_000 + b"]" * 100_000),
        ("deep_object.jsonl", b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"\n"),
        ("huge_number.json", b'[{"text": ' + b"9" * 10_000 + b', "label": 1}]'),
        ("cut.json", b'[{"text": "a", "label": "x"}, {"text": '),
        ("list_of_lists.json", b"[[1, 2], [3, 4]]"),
        ("number.json", b"42"),
        ("null.json", b"null"),
        ("empty_list.json", b"[]"),
        ("nested_cells.json", json.dumps([{"text": {"a": [1, {"b": 2}]}, "label": [[1], [2]]}] * 6).encode()),
        ("mixed_kinds.jsonl", b'{"text": "a", "label": 1}\n{"text": ["a"], "label": {"x": 1}}\n{"text": null}\n{"x": 1}\n'),
        ("duplicate_keys.jsonl", b'{"text": "a", "text": "b", "label": "x"}\n' * 5),
        ("squad_without_context.json", b'{"data": [{"paragraphs": [{"qas": [{"question": "a", "answers": []}]}]}]}'),
        ("squad_wrong_kinds.json", b'{"data": [{"paragraphs": [{"context": 5, "qas": "no"}]}]}'),
        ("squad_far_start.json", json.dumps({"data": [{"paragraphs": [{"context": "a b c", "qas": [{"question": "q", "answers": [{"text": "b", "answer_start": s}]} for s in (-5, 2, 10**12)]}]}]}).encode()),
        ("squad_empty.json", b'{"data": [{"paragraphs": []}]}'),
        ("tags_unequal.jsonl", b'{"tokens": ["a", "b"], "tags": ["O"]}\n' * 6),
        ("tags_numbers.jsonl", b'{"tokens": ["a", "b"], "ner_tags": [0, 3]}\n' * 6),
        ("tags_in_text.jsonl", b'{"tokens": "[\\"a\\"]", "tags": "[\\"O\\"]"}\n' * 6),
        ("words.conll", b"a O\nb\nc O O O\n\nd B-X\n" * 4),
        ("one_column.conll", b"a\nb\n\nc\n"),
        ("broken.conllu", b"1\ta\ta\tX\t_\t_\t0\troot\t_\t_\n2\tb\n\n"),
        ("empty.conllu", b"# text = a\n\n# text = b\n\n"),
        ("only_ranges.conllu", b"1-2\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n"),
        ("fake.xlsx", b"PK\x03\x04" + b"garbage" * 50),
        ("text.xlsx", GOOD),
        ("cut.xlsx", _workbook([["text", "label"], ["a", "x"]])[:-200]),
        ("empty.xlsx", _workbook([])),
        ("wide.xlsx", _workbook([list(range(600))] * 3)),
        ("formula.xlsx", _workbook([["text", "label"], ["=1+1", "x"], ["=HYPERLINK(\"http://evil\")", "y"], ["b", "x"], ["c", "y"], ["d", "x"]])),
        ("bomb.xlsx", _bomb()),
        ("not_a_workbook.xlsx", _zip({"readme.txt": b"hello"})),
        ("entities.xlsx", _zip({"[Content_Types].xml": b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + b"".join(b'<!ENTITY a%d "%s">' % (i, b"&a%s;" % (b"" if i == 1 else b"%d" % (i - 1)) * 10) for i in range(1, 12)) + b"]><Types>&a11;</Types>"})),
        ("archive.zip", _zip({"data.csv": GOOD})),
        ("fake.parquet", b"PAR1" + b"\0" * 100 + b"PAR1"),
        ("empty.parquet", _parquet({"text": [], "label": []})),
        ("no_columns.parquet", _parquet({})),
        ("nested.parquet", _parquet({"text": [[{"a": 1}]] * 6, "label": [{"x": "y"}] * 6})),
        ("binary.parquet", _parquet({"text": [b"\xff\xfe"] * 6, "label": [b"x", b"y"] * 3})),
        ("bomb.parquet", _parquet_bomb()),
        ("dates.parquet", _parquet({"text": pd.date_range("2020", periods=6), "label": [1.5, None] * 3})),
        ("image.csv", b"\x89PNG\r\n\x1a\n" + random.Random(0).randbytes(3000)),
        ("pdf.pdf", b"%PDF-1.4 hello"),
        ("old.xls", b"\xd0\xcf\x11\xe0" * 100),
        ("no_ending", GOOD),
        ("very_long_name" * 30 + ".csv", GOOD),
        ("dots...csv", GOOD),
        (".csv", GOOD),
        ("../../etc/passwd.csv", GOOD),
        ("labels_alike.csv", b"text,label\n" + b"".join(b"some words %d,%s\n" % (i, [b"Pos", b"pos ", b"neg"][i % 3]) for i in range(30))),
        ("label_is_text.csv", b"text,label\n" + b"".join(b"some words %d,other words %d\n" % (i, i) for i in range(300))),
        ("all_missing.csv", b"text,label\n" + b"some words here,-\nmore words there,N/A\n" * 5),
        ("no_text.csv", b"text,label\n" + b",x\n ,y\n" * 5),
        ("split_unknown.csv", b"text,label,split\n" + b"some words,x,train\nother words,y,moon\n" * 5),
        ("one_side.csv", b"text,label,split\n" + b"".join(b"some words %d,%s,test\n" % (i, b"xy"[i % 2 : i % 2 + 1]) for i in range(10))),
    ]  # fmt: skip


def mutated(count: int, seed: int = 0) -> list[tuple[str, bytes]]:
    """Sound files of every kind, broken at random places: bytes changed, cut out, doubled, or the end lost."""
    rng = random.Random(seed)
    sound = [
        ("a.csv", GOOD),
        ("a.tsv", GOOD.replace(b",", b"\t")),
        ("a.jsonl", b"".join(b'{"text": "film %d", "label": "%d"}\n' % (i, i % 2) for i in range(20))),
        ("a.json", json.dumps([{"text": f"film {i}", "label": str(i % 2)} for i in range(20)]).encode()),
        ("s.json", json.dumps({"data": [{"paragraphs": [{"context": "Anna lives in Rome.", "qas": [{"question": "Where?", "answers": [{"text": "Rome", "answer_start": 14}]}] * 6}]}]}).encode()),
        ("a.conll", b"Anna B-PER\nlives O\nin O\nRome B-LOC\n\n" * 6),
        ("a.conllu", b"1\tAnna\tAnna\tPROPN\t_\t_\t0\troot\t_\t_\n2\tvive\tviver\tVERB\t_\t_\t1\tdep\t_\t_\n\n" * 6),
        ("a.xlsx", _workbook([["text", "label"], *[[f"film {i}", i % 2] for i in range(20)]])),
        ("a.parquet", _parquet({"text": [f"film {i}" for i in range(20)], "label": ["a", "b"] * 10})),
    ]  # fmt: skip
    found = []
    for i in range(count):
        name, raw = sound[i % len(sound)]
        broken = bytearray(raw)
        for _ in range(rng.randint(1, 6)):
            place, size = rng.randrange(len(broken)), rng.randint(1, 12)
            kind = rng.randrange(4)
            if kind == 0:
                broken[place : place + size] = rng.randbytes(size)
            elif kind == 1:
                del broken[place : place + size]
            elif kind == 2:
                broken[place:place] = broken[place : place + size] * 3
            else:
                del broken[max(1, len(broken) - rng.randint(1, max(1, len(broken) // 3))) :]
        found.append((f"{i}_{name}", bytes(broken)))
    return found


def _workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _bomb() -> bytes:
    """A sound workbook whose sheet unpacks to 300 MB of nothing."""
    parts = zipfile.ZipFile(io.BytesIO(_workbook([["text", "label"], ["a", "x"]])))
    content = {name: parts.read(name) for name in parts.namelist()}
    content["xl/worksheets/sheet1.xml"] += b" " * 300_000_000
    return _zip(content)


def _parquet(columns: dict[str, list[object]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd")
    return out.getvalue()


def _parquet_bomb() -> bytes:
    """3 GB of text in a few kilobytes: one long text, and 3,000 times its number."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), pa.array(["x" * 1_000_000]))
    out = io.BytesIO()
    table = pa.table({"text": texts, "label": ["a", "b"] * 1500})
    pq.write_table(table, out, compression="zstd", store_schema=False)
    return out.getvalue()
