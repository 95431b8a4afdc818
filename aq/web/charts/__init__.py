"""Figures from answers of the queries; none knows Streamlit. All have the small template."""

from aq.web.charts import template as template
