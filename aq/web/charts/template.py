"""What Plotly's own look says of the parts our figures have, and no more.

Each figure carries its template to the browser: Plotly's whole one is 7 KB of scenes, ternary axes
and colour scales that no figure here has. To import this module makes the small one the default.
"""

import plotly.graph_objects as go
import plotly.io as pio

# Streamlit's look makes itself the default whenever it is loaded; loaded before ours it cannot.
import streamlit.elements.lib.streamlit_plotly_theme  # noqa: F401

TRACES = ("bar", "choropleth", "heatmap", "scatter", "scattergeo")
LAYOUT = (
    *("autotypenumbers", "font", "hovermode", "hoverlabel", "paper_bgcolor", "plot_bgcolor"),
    *("xaxis", "yaxis", "geo", "title", "annotationdefaults", "shapedefaults"),
)

_whole = pio.templates["plotly"].to_plotly_json()
pio.templates["aq"] = go.layout.Template(
    data={name: _whole["data"][name] for name in TRACES},
    layout={name: _whole["layout"][name] for name in LAYOUT},
)
pio.templates.default = "aq"
