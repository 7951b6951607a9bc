"""One student's record in a table, or in a workbook with a sheet for each part, read into its packet."""
