"""The plain way of a live page: the whole table at every rerun, full figures, no cache.

`streamlit run bench/plain_page.py`; the environment names the database that `to_sql` filled.
"""

import json
import os
import sqlite3
from pathlib import Path

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import streamlit as st

ROOT = Path(__file__).parents[1]
KEY = "pm10"

st.set_page_config(layout="wide")
with sqlite3.connect(os.environ["PLAIN_DATABASE"]) as connection:
    frame = pd.read_sql("SELECT * FROM plain", connection)
frame["at"] = pd.to_datetime(frame["hour"] * 3600, unit="s", utc=True).dt.tz_convert("Asia/Seoul")
latest = frame.sort_values("hour").groupby("code").tail(1)
shapes = json.loads((ROOT / "config" / "provinces.geojson").read_text("utf-8"))

st.title("Air quality")
left, right = st.columns(2)
with left:
    figure = px.choropleth(latest, geojson=shapes, locations="code", color=KEY)
    figure.update_geos(fitbounds="locations", visible=False)
    picked = st.plotly_chart(figure, on_select="rerun", key="map")
with right:
    st.dataframe(latest)
points = picked["selection"]["points"]
code = st.radio("Province", sorted(frame["code"].unique()), horizontal=True, key="code")
code = points[0]["location"] if points else code
mine = frame[frame["code"] == code]
chart = go.Figure(go.Scatter(x=mine["at"], y=mine[KEY]))
chart.update_layout(title=code, uirevision=code)
st.plotly_chart(chart, key="line")
