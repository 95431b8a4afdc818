"""The authority's word: forecasts by province, advisories over time, how good a forecast was."""
