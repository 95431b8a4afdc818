"""Air quality of South Korea's 17 provinces: collect, keep, grade, show."""

__version__ = "0.2.0"
