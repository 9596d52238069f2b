"""A csv file as text: its encoding and dialect, its records, and edits that touch nothing else.

Reading goes by the byte order mark, then strict UTF-8, then the configured encoding, then a guess; the
delimiter is the configured one or the one of `, ; tab |` that cuts the rows most evenly. An edit replaces the
characters of the changed fields and keeps every other byte, line end and quote of the file.

This module refuses files whose quotes don't pair up, and to drop cells that stand beyond the header.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deskhand.errors import BusinessError, DataError, Where

from deskhand_tools.spreadsheet.grid import Layout, is_blank

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_DELIMITERS = ",;\t|"
_WESTERN = frozenset("äöüÄÖÜßéèêëáàâãåçñíìîïóòôõøúùûýÿæœÉÈÊËÁÀÂÃÅÇÑÍÌÎÏÓÒÔÕØÚÙÛÝÆŒšžŠŽ")
_WESTERN_MARKS = frozenset("€£§°´¿¡«»±²³½¼¾µ©®™–—‘’“”„‚…•\xa0×·ºª¢¥")


@dataclass(frozen=True)
class CsvText:
    """A csv file, read: its text without the byte order mark, how it is written, and its records."""

    name: str
    text: str
    encoding: str
    bom: bytes
    delimiter: str
    newline: str
    rows: list[list[str]]

    def line_of(self, index: int) -> int:
        """The line of the file, from 1, on which the record of that index ends."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        for at, _ in enumerate(reader):
            if at == index:
                break
        return reader.line_num

    def encoded(self, text: str) -> bytes:
        """The text as the file's bytes. Raises BusinessError where the encoding has no such character."""
        try:
            return self.bom + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            bad = text[error.start : error.start + 1]
            raise BusinessError(
                f"{self.name} is written in {self.encoding}, which has no character {bad!r}",
                mend="Save the file as UTF-8 first, or leave the character out.",
            ) from error


def read_csv(content: bytes, name: str, encoding: str | None = None, delimiter: str | None = None) -> CsvText:
    """Decode and parse a csv file. Raises DataError naming the file and line where that can't be done."""
    text, used, bom = decode(content, name, encoding)
    if "\x00" in text:
        raise DataError(
            f"{name} holds NUL characters: it is no text file, or cut off",
            mend="Export it again as csv.",
            where=Where(file=name),
        )
    cut = delimiter or ("\t" if name.lower().endswith(".tsv") else sniff(text))
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1, 1 << 20))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=cut, strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise DataError(
            f"{name}: the quotes don't pair up near line {reader.line_num} ({error})",
            mend='Close the quote, and double a quote that stands inside a quoted cell ("").',
            where=Where(file=name, line=reader.line_num),
        ) from error
    return CsvText(name, text, used, bom, cut, _newline(text), rows)


def check_ragged(file: CsvText, layout: Layout) -> None:
    """Raise DataError at the first row that has values beyond the header's cells."""
    if layout.header is None:
        return
    width = len(file.rows[layout.header])
    for index in layout.lines:
        row = file.rows[index]
        if len(row) > width and not all(map(is_blank, row[width:])):
            line = file.line_of(index)
            raise DataError(
                f"{file.name}, line {line}: the row has {len(row)} cells, the header {width}",
                mend=f'Put quotes around the cell that holds a "{file.delimiter}", or name the extra column.',
                where=Where(file=file.name, line=line),
            )


# ---------------------------------------------------------------- encoding and dialect


def decode(content: bytes, name: str, configured: str | None = None) -> tuple[str, str, bytes]:
    """The text, the encoding's name and the byte order mark (empty where there is none)."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            try:
                return content[len(bom) :].decode(encoding), encoding, bom
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{name} begins as {encoding} but isn't, at byte {error.start + len(bom)}",
                    mend="Save it again as UTF-8.",
                    where=Where(file=name),
                ) from error
    for encoding in dict.fromkeys(("utf-8", configured or "utf-8")):
        try:
            return content.decode(encoding), encoding, b""
        except UnicodeDecodeError:
            continue
    return _guess(content, name)


def _guess(content: bytes, name: str) -> tuple[str, str, bytes]:
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        pass
    else:
        if _looks_western(text):
            return text, "cp1252", b""
    import charset_normalizer

    best = charset_normalizer.from_bytes(content).best()
    if best is None:
        raise DataError(
            f"{name} is in no encoding that could be told",
            mend='Set `encoding = "…"` in the connection, or save the file as UTF-8.',
            where=Where(file=name),
        )
    return content.decode(best.encoding), best.encoding, b""


def _looks_western(text: str) -> bool:
    """Whether text decoded as cp1252 reads as a western language, not as another code page's letters."""
    foreign = [c for c in text if ord(c) > 127]
    good = sum(1 for c in foreign if c in _WESTERN or c in _WESTERN_MARKS)
    if good < 0.95 * len(foreign):
        return False
    # marks inside words, or runs of letters beyond ASCII: cp850, Mac, Cyrillic
    return not re.search(r"[^\W\d_][€£„“”‚…•–—§][a-zäöüß]|[^\x00-\x7f]{4}", text)


def sniff(text: str) -> str:
    """The delimiter that cuts the first rows most evenly into most cells; a comma where none does."""
    head = text[:65536]
    if len(text) > len(head):
        head = head[: head.rfind("\n") + 1] or head
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        if delimiter not in head or _only_decimals(head, delimiter):
            continue
        counts = [len(row) for row in _lenient(head, delimiter) if any(cell.strip() for cell in row)]
        cut = Counter(count for count in counts if count > 1)
        if not cut:
            continue
        width, times = max(cut.items(), key=lambda pair: (pair[1], pair[0]))
        score = (round(times / len(counts), 2), width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _lenient(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:
        return


def _only_decimals(text: str, delimiter: str) -> bool:
    """Whether commas stand only within numbers such as 1,50, under a header without one."""
    if delimiter != ",":
        return False
    return "," not in text.split("\n", 1)[0] and not re.search(r"(?<!\d),|,(?!\d)", text)


def _newline(text: str) -> str:
    counts = Counter(re.findall(r"\r\n|\n|\r", text))
    return counts.most_common(1)[0][0] if counts else "\n"


# ---------------------------------------------------------------- writing and editing


def field_text(value: str | None, delimiter: str, quoted: bool = False) -> str:
    """One cell as it stands in the file: quoted where asked for or where it must be."""
    text = "" if value is None else value
    must = delimiter in text or any(c in text for c in '"\r\n') or text != text.strip()
    if quoted or must:
        return '"' + text.replace('"', '""') + '"'
    return text


class CsvEdit:
    """Edits of one csv file, collected by record and field and then made at once."""

    def __init__(self, file: CsvText, layout: Layout) -> None:
        self.file = file
        self.layout = layout
        self._changed: dict[int, dict[int, str | None]] = {}
        self._deleted: set[int] = set()
        self._added: list[dict[int, str | None]] = []
        quote = re.escape(file.delimiter)
        field = rf'(?:"(?>[^"]|"")*+"|[^"{quote}\r\n][^{quote}\r\n]*+)?+'
        self._field = re.compile(field)
        self._record = re.compile(rf"{field}(?:{quote}{field})*+")
        self._spans = list(self._scan())
        if len(self._spans) != len(file.rows):
            raise BusinessError(
                f"{file.name} has quotes or line ends that can't be edited safely",
                mend="Open it and save it again as csv.",
            )

    def _scan(self) -> Iterator[tuple[int, int, int]]:
        """Each record's start, its end without the line end, and the next record's start."""
        text, at = self.file.text, 0
        newline = re.compile(r"\r\n|\n|\r")
        while at < len(text):
            match = self._record.match(text, at)
            end = match.end() if match else at
            cut = newline.match(text, end)
            if cut is None and end < len(text):
                return  # a shape that the strict reader would have refused
            after = cut.end() if cut else end
            yield at, end, after
            at = after

    def set(self, line: int, position: int, value: str | None) -> None:
        """Set a cell of the record `line` (from 0) at a field's position (from 0)."""
        self._changed.setdefault(line, {})[position] = value

    def delete(self, line: int) -> None:
        """Take the record out, line end included."""
        self._deleted.add(line)

    def append(self, cells: Mapping[int, str | None]) -> None:
        """Add a record of these fields after the last one that has values."""
        self._added.append(dict(cells))

    def text(self) -> str:
        """The file's text with the edits made."""
        text, pieces, at = self.file.text, [], 0
        last = self.layout.end - 1
        touched = sorted({*self._changed, *self._deleted, *([last] if self._added else [])})
        for line in touched:
            start, end, after = self._spans[line]
            pieces.append(text[at:start])
            record = self._patched(line, text[start:end]) if line in self._changed else text[start:end]
            gone = line in self._deleted
            at = after if gone else end
            if not gone:
                pieces.append(record)
            if line == last and self._added:
                added = self.file.newline.join(self._new_record(cells) for cells in self._added)
                pieces.append(added + text[end:after] if gone else self.file.newline + added)
        pieces.append(text[at:])
        return "".join(pieces)

    def _patched(self, line: int, record: str) -> str:
        raw = self._fields(record)
        for position, value in self._changed[line].items():
            while len(raw) <= position:
                raw.append("")
            raw[position] = field_text(value, self.file.delimiter, raw[position].startswith('"'))
        return self.file.delimiter.join(raw)

    def _fields(self, record: str) -> list[str]:
        fields, at = [], 0
        while True:
            match = self._field.match(record, at)
            end = match.end() if match else at
            fields.append(record[at:end])
            if end >= len(record):
                return fields
            at = end + 1

    def _new_record(self, cells: Mapping[int, str | None]) -> str:
        header = self.layout.header or 0
        width = max(len(self.file.rows[header]), max(cells, default=0) + 1)
        quoted = self._quoted()
        return self.file.delimiter.join(
            field_text(cells.get(at), self.file.delimiter, at in quoted) for at in range(width)
        )

    def _quoted(self) -> frozenset[int]:
        """The fields that are quoted in all of the last rows, or in the header where there is no row."""
        if not hasattr(self, "_quoted_fields"):
            lines: Sequence[int] = self.layout.lines or [self.layout.header or 0]
            records = [self._fields(self.file.text[slice(*self._spans[i][:2])]) for i in lines[-50:]]
            width = max(map(len, records))
            self._quoted_fields = frozenset(
                at
                for at in range(width)
                if (found := [r[at] for r in records if at < len(r) and r[at]])
                and all(f.startswith('"') for f in found)
            )
        return self._quoted_fields
