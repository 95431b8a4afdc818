"""Answers of the queries as HTML and SVG: pure, the same for pages, first paint, embeds, files."""
