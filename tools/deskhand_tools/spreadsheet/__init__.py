"""The spreadsheet tool: the workbooks and csv files of a folder as tables, and acts that write them."""
