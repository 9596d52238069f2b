"""The spreadsheet tool: the workbooks and csv files of a folder as tables, and acts that write them."""

from __future__ import annotations

from deskhand_tools.spreadsheet.tool import SpreadsheetConfig, SpreadsheetTool

__all__ = ["SpreadsheetConfig", "SpreadsheetTool"]
