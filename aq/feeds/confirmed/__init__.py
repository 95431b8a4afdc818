"""AirKorea's confirmed files: workbooks, CSV and zips of them as readings."""
