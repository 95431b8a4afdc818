"""Figures from answers of the queries; all have the small template."""

from aq.web.charts import template as template
