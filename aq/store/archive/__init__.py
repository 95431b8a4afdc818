"""Months of station hours as Parquet files beside the store."""
