"""The pages: a file each, run by Streamlit."""
