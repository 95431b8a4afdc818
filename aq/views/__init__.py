"""The pages: a file each; charts are figures without Streamlit, caches stand in one place."""
