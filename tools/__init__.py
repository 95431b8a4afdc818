"""Chores beside the product: pictures, the audit of pinned packages, a browser's set-up."""
