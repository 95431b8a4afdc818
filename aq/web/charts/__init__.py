"""Figures from answers of the queries; none knows Streamlit."""
