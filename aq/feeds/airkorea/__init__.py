"""AirKorea's services: what is asked of each, and what an answer says."""
