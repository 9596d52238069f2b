"""What of a workbook would be lost if it were read and saved again by openpyxl.

An existing workbook is edited that way for now, so a workbook with charts, pictures, formulas, pivots, macros
or anything else outside a short list of parts is refused, with the sheet and cell where that can be named. The
list says what is known to survive; what isn't on it is taken to be lost.

This module looks at the archive's parts and their XML; it refuses to repair or to change anything.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile

_KEPT = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:core|app|custom)\.xml|docProps/thumbnail\.\w+"
    r"|xl/workbook\.xml|xl/_rels/workbook\.xml\.rels|xl/styles\.xml|xl/sharedStrings\.xml"
    r"|xl/theme/theme\d*\.xml|xl/worksheets/[^/]+\.xml|xl/worksheets/_rels/[^/]+\.rels|xl/tables/table\d*\.xml"
    r"|xl/printerSettings/[^/]+\.bin|xl/calcChain\.xml|xl/persons/person\d*\.xml",
    re.IGNORECASE,
)
_PARTS = (
    ("xl/charts/", "a chart"),
    ("xl/chartsheets/", "a chart sheet"),
    ("xl/media/", "a picture"),
    ("xl/threadedcomments/", "a comment thread"),
    ("xl/comments", "notes, whose sizes and formatting would be lost"),
    ("xl/pivot", "a pivot table"),
    ("xl/slicer", "a slicer"),
    ("xl/timeline", "a timeline"),
    ("xl/externallinks/", "a link to another workbook"),
    ("xl/vba", "macros"),
    ("xl/drawings/", "a drawing or shape"),
    ("xl/embeddings/", "an embedded object"),
    ("xl/activex/", "a control"),
    ("xl/ctrlprops/", "a control"),
    ("xl/connections", "a data connection"),
    ("xl/querytables/", "a query table"),
    ("customxml/", "custom XML data"),
    ("_xmlsignatures/", "a digital signature"),
    ("xl/richdata/", "linked data types"),
    ("xl/metadata", "dynamic array formulas"),
)
_SHEET = (
    (rb"<(?:\w+:)?extLst\b", "sparklines, data bars or other extensions"),
    (rb"<(?:\w+:)?(?:legacyD|d)rawing(?:HF)?\b", "a drawing or notes"),
    (rb"<(?:\w+:)?picture\b", "a background picture"),
    (rb"<(?:\w+:)?(?:oleObjects|controls)\b|AlternateContent\b", "a control or an embedded object"),
    (rb"<(?:\w+:)?(?:scenarios|protectedRanges|customSheetViews|cellWatches|dataConsolidate)\b", "settings"),
    (rb"<(?:\w+:)?is>(?:(?!</(?:\w+:)?is>).)*?<(?:\w+:)?(?:r|rPh)\b", "text that is formatted within a cell"),
    (rb"_x005F_", "a text with an escaped underscore"),
)
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_NO_RESULT = re.compile(rb"<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]+[0-9]+)"')


def refusal(content: bytes, *, replaced: str | None = None) -> str | None:
    """What would be lost, as words for a person (`a chart`, `the formula in 2026!C4`); None for nothing.

    replaced: a sheet that will be replaced as a whole; what stands in its cells doesn't count.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [info.filename for info in archive.infolist() if not info.is_dir()]
        for start, what in _PARTS:
            if any(part.lower().startswith(start) for part in parts):
                return what
        for part in parts:
            if _KEPT.fullmatch(part) is None:
                return f"the part {part}"
        if "xl/sharedStrings.xml" in parts:
            strings = archive.read("xl/sharedStrings.xml")
            if re.search(rb"<(?:\w+:)?(?:r|rPh)[ >]", strings):
                return "text that is formatted within a cell"
            if b"_x005F_" in strings:
                return "a text with an escaped underscore"
        titles = _titles(archive)
        for part in parts:
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", part, re.IGNORECASE):
                title = titles.get(part, part)
                if replaced is not None and title.casefold() == replaced.casefold():
                    continue
                reason = _in_sheet(archive.read(part), title)
                if reason is not None:
                    return reason
    return None


def uncalculated(content: bytes) -> dict[str, int]:
    """How many formulas of each sheet have no saved result, by the sheets' titles; sheets without are left out.

    Programs that write workbooks without calculating leave such cells; a reader sees them empty.
    """
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for part, title in _titles(archive).items():
                xml = archive.read(part)
                count = len(_NO_RESULT.findall(xml)) if _FORMULA.search(xml) else 0
                if count:
                    found[title] = count
    except (KeyError, ValueError, zipfile.BadZipFile, SyntaxError):
        return {}  # the reader itself will say what is wrong
    return found


def _in_sheet(xml: bytes, title: str) -> str | None:
    for pattern, what in _SHEET:
        if re.search(pattern, xml, re.DOTALL):
            return f"{what} in the sheet {title}"
    formula = _FORMULA.search(xml)
    if formula is not None:
        cells = _CELL.findall(xml, 0, formula.start())
        place = cells[-1].decode() if cells else "?"
        return f"the formula in {title}!{place} (its saved result)"
    return None


def _titles(archive: zipfile.ZipFile) -> dict[str, str]:
    """The sheets' titles by the names of their parts."""
    from xml.etree import ElementTree

    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    found = {}
    for node in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if node.tag.rpartition("}")[2] != "sheet":
            continue
        for name, value in node.attrib.items():
            if name.endswith("}id") and value in targets:
                target = targets[value]
                part = target[1:] if target.startswith("/") else posixpath.normpath(f"xl/{target}")
                found[part] = node.get("name", part)
    return found
